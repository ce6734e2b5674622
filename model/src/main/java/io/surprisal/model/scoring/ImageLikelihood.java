package io.surprisal.model.scoring;

import java.util.Arrays;

/**
 * The bound on −log₂ p(x) of one image, in bits/dim: prior + diffusion + reconstruction. Equal when
 * every number is.
 *
 * @param bitsPerDim the whole bound
 * @param standardError Monte-Carlo error of {@code bitsPerDim}, an upper estimate where the release
 *     was not calibrated for this number of evaluations; NaN for fewer than three evaluations
 * @param prior KL(q(z₁|x) ‖ N(0, I))
 * @param diffusion the diffusion loss, corrected for the bias of fixed noise levels
 * @param reconstruction −log p(x|z₀)
 * @param noiseLevels γ of each evaluation, in the order of evaluation
 * @param squaredErrors ‖ε − ε̂‖²/D of each evaluation, in the same order
 * @param evaluations K, how often the network was evaluated
 * @param codecBitsPerDim what a lossless codec without a model takes for the image alone: PNG's
 *     filters and deflate, without a header
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record ImageLikelihood(
    double bitsPerDim,
    double standardError,
    double prior,
    double diffusion,
    double reconstruction,
    float[] noiseLevels,
    float[] squaredErrors,
    int evaluations,
    double codecBitsPerDim) {

  @Override
  public boolean equals(Object other) {
    return other instanceof ImageLikelihood that
        && Double.compare(bitsPerDim, that.bitsPerDim) == 0
        && Double.compare(standardError, that.standardError) == 0
        && Double.compare(prior, that.prior) == 0
        && Double.compare(diffusion, that.diffusion) == 0
        && Double.compare(reconstruction, that.reconstruction) == 0
        && Arrays.equals(noiseLevels, that.noiseLevels)
        && Arrays.equals(squaredErrors, that.squaredErrors)
        && evaluations == that.evaluations
        && Double.compare(codecBitsPerDim, that.codecBitsPerDim) == 0;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(squaredErrors) * 31 + Double.hashCode(bitsPerDim);
  }
}
