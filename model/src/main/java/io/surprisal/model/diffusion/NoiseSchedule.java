package io.surprisal.model.diffusion;

import io.surprisal.model.network.ModelConfiguration;

/**
 * γ(t) = −log SNR(t), increasing in t ∈ [0, 1], with γ′ in closed form (arXiv 2107.00630, sections
 * 3.2 and 5.3). In double precision on the heap: the discrete bound needs the small difference of
 * two close values of γ, and a schedule costs nothing beside the network.
 *
 * <p>Immutable and without native memory. A learned schedule also turns gradients with respect to
 * what it gave into gradients with respect to its parameters.
 */
public sealed interface NoiseSchedule
    permits LinearSchedule, CosineSchedule, BetaLinearSchedule, MonotoneSchedule {

  /** γ(t) for t in [0, 1]. */
  double gamma(double t);

  /** dγ/dt at t; at least 0. */
  double derivative(double t);

  /** γ(0), where the signal is clearest. */
  default double gammaAtZero() {
    return gamma(0);
  }

  /** γ(1), where almost only noise is left. */
  default double gammaAtOne() {
    return gamma(1);
  }

  /** γ of each time. */
  default double[] gamma(double[] t) {
    double[] gamma = new double[t.length];
    for (int i = 0; i < t.length; i++) {
      gamma[i] = gamma(t[i]);
    }
    return gamma;
  }

  /**
   * Adds to {@code gradient} what a loss's derivatives at a time mean for the parameters.
   *
   * @param t the time
   * @param byGamma ∂loss/∂γ(t)
   * @param byDerivative ∂loss/∂γ′(t)
   * @param gradient ∂loss/∂parameters, in the order of the flat vector; empty for a fixed schedule
   */
  void addGradient(double t, double byGamma, double byDerivative, double[] gradient);

  /**
   * The schedule of a configuration.
   *
   * @param parameters starts with the schedule's part of the flat vector
   */
  static NoiseSchedule of(ModelConfiguration configuration, float[] parameters) {
    double start = configuration.gammaMin();
    double end = configuration.gammaMax();
    return switch (configuration.schedule()) {
      case FIXED_LINEAR -> LinearSchedule.fixed(start, end);
      case FIXED_COSINE -> new CosineSchedule(start, end);
      case FIXED_BETA_LINEAR -> new BetaLinearSchedule(start, end);
      case LEARNED_SCALAR -> LinearSchedule.learned(parameters[0], parameters[1]);
      case LEARNED_MONOTONE -> MonotoneSchedule.normalised(parameters);
      case LEARNED_MONOTONE_FREE -> MonotoneSchedule.free(parameters);
    };
  }

  /** log(1 + eˣ) without overflow. */
  static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}
