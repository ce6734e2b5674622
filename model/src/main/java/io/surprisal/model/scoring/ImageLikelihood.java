package io.surprisal.model.scoring;

/**
 * The bound on −log₂ p(x) of one image, in bits/dim: prior + diffusion + reconstruction.
 *
 * @param bitsPerDim the whole bound
 * @param standardError Monte-Carlo error of {@code bitsPerDim}; NaN for a single evaluation
 * @param prior KL(q(z₁|x) ‖ N(0, I))
 * @param diffusion the diffusion loss, corrected for the bias of fixed noise levels
 * @param reconstruction −log p(x|z₀)
 * @param noiseLevels γ of each evaluation, in the order of evaluation
 * @param squaredErrors ‖ε − ε̂‖²/D of each evaluation, in the same order
 * @param evaluations K, how often the network was evaluated
 */
public record ImageLikelihood(
    double bitsPerDim,
    double standardError,
    double prior,
    double diffusion,
    double reconstruction,
    float[] noiseLevels,
    float[] squaredErrors,
    int evaluations) {}
