package io.surprisal.model.compression;

import io.surprisal.model.diffusion.NoiseSchedule;

/**
 * The T-step chain z₀ … z_T of a noise schedule (arXiv 2107.00630, sections 3.1 and 3.2, appendix
 * A), each z_i in bins of its own width, and the Gaussians that lead along it:
 *
 * <ul>
 *   <li>forward, q(z₀|x) = N(α₀ x, σ₀²) and q(z_i|z_{i−1}) = N(α_i/α_{i−1} z_{i−1}, σ_i² c_i), c_i
 *       = −expm1(γ_{i−1} − γ_i);
 *   <li>backward, p(z_T) = N(0, 1) and p(z_{i−1}|z_i) = N(α_{i−1}/α_i (z_i − σ_i c_i ε̂), σ_{i−1}²
 *       c_i).
 * </ul>
 *
 * <p>Immutable. The levels γ are rounded to 2⁻²⁴ and all else follows from them by strict
 * arithmetic, so that every machine has the same chain.
 */
final class DiscreteChain {
  private static final double GAMMA_GRID = 0x1p24;

  private final int steps;
  private final double[] gamma;
  private final double[] alpha;
  private final double[] sigma;
  private final double[] share;
  private final double[] width;
  private final GaussianBins[] forward;
  private final GaussianBins[] backward;
  private final PixelLevels levels;

  /**
   * A chain.
   *
   * @param steps T, at least 1
   * @param resolution bins a deviation of the narrower Gaussian of each z, at least 1
   * @throws IllegalArgumentException if the schedule does not rise between two steps
   */
  DiscreteChain(NoiseSchedule schedule, int steps, double resolution) {
    if (steps < 1) {
      throw new IllegalArgumentException("timesteps is " + steps + ", must be at least 1");
    }
    this.steps = steps;
    gamma = new double[steps + 1];
    alpha = new double[steps + 1];
    sigma = new double[steps + 1];
    share = new double[steps + 1];
    width = new double[steps + 1];
    forward = new GaussianBins[steps + 1];
    backward = new GaussianBins[steps + 1];
    for (int i = 0; i <= steps; i++) {
      gamma[i] = Math.rint(schedule.gamma(i / (double) steps) * GAMMA_GRID) / GAMMA_GRID;
      alpha[i] = StrictMath.sqrt(1 / (1 + StrictMath.exp(gamma[i])));
      sigma[i] = StrictMath.sqrt(1 / (1 + StrictMath.exp(-gamma[i])));
      share[i] = i == 0 ? 1 : -StrictMath.expm1(gamma[i - 1] - gamma[i]);
      if (!(share[i] > 0)) {
        throw new IllegalArgumentException(
            "the noise schedule does not rise at step %d of %d; take fewer timesteps"
                .formatted(i, steps));
      }
    }
    for (int i = 0; i <= steps; i++) {
      double drawn = sigma[i] * StrictMath.sqrt(share[i]);
      double predicted = i == steps ? 1 : sigma[i] * StrictMath.sqrt(share[i + 1]);
      width[i] = Math.min(drawn, predicted) / resolution;
      forward[i] = GaussianBins.drawn(width[i], drawn);
      backward[i] = GaussianBins.predicting(width[i], predicted);
    }
    levels = new PixelLevels(gamma[0]);
  }

  /** T. */
  int steps() {
    return steps;
  }

  /** γ_i. */
  double gamma(int i) {
    return gamma[i];
  }

  /** α_i. */
  double alpha(int i) {
    return alpha[i];
  }

  /** σ_i. */
  double sigma(int i) {
    return sigma[i];
  }

  /** What a bin of z_i is wide. */
  double width(int i) {
    return width[i];
  }

  /** q(z_i|z_{i−1}), for i = 0 q(z₀|x). */
  GaussianBins forward(int i) {
    return forward[i];
  }

  /** Mean of {@link #forward}, of the value of z_{i−1}, for i = 0 of x. */
  double forwardMean(int i, double before) {
    return (i == 0 ? alpha[0] : alpha[i] / alpha[i - 1]) * before;
  }

  /** p(z_i|z_{i+1}), for i = T p(z_T), whose mean is 0. */
  GaussianBins backward(int i) {
    return backward[i];
  }

  /** Mean of {@link #backward} for i &lt; T, of the value of z_{i+1} and the noise in it. */
  double backwardMean(int i, double after, double noise) {
    return alpha[i] / alpha[i + 1] * (after - sigma[i + 1] * share[i + 1] * noise);
  }

  /** p(x|z₀). */
  PixelLevels levels() {
    return levels;
  }

  /** What ‖ε − ε̂‖² at z_i weighs in the bound, i from 1 to T, nats. */
  double weight(int i) {
    return 0.5 * Math.expm1(gamma[i] - gamma[i - 1]);
  }

  /** KL(q(z_T|x) ‖ N(0, 1)) of one dimension, nats. */
  double prior(double x) {
    double signal = alpha[steps] * alpha[steps];
    double noise = sigma[steps] * sigma[steps];
    return 0.5 * (signal * x * x + noise - Math.log(noise) - 1);
  }
}
