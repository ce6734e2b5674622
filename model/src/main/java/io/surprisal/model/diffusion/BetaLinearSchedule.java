package io.surprisal.model.diffusion;

/**
 * The β-linear schedule (Ho, Jain &amp; Abbeel 2020) in continuous time: γ = ln expm1(10⁻⁴ + 10
 * τ²), τ an affine map of t. It starts no lower than ln expm1(10⁻⁴) = −9.21; where the chosen end
 * point lies below that, τ starts at 0 and γ is stretched to meet it. Fixed; for comparison.
 */
public final class BetaLinearSchedule implements NoiseSchedule {
  private static final double OFFSET = 1e-4;
  private static final double SLOPE = 10;

  private final double first;
  private final double range;
  private final double start;
  private final double stretch;

  /** From γ(0) to γ(1). */
  public BetaLinearSchedule(double gammaAtZero, double gammaAtOne) {
    first = tau(gammaAtZero);
    range = tau(gammaAtOne) - first;
    if (!(range > 0)) {
      throw new IllegalArgumentException(
          "the β-linear schedule lies above γ = "
              + raw(0)
              + ", it cannot go from "
              + gammaAtZero
              + " to "
              + gammaAtOne);
    }
    start = gammaAtZero;
    stretch = (gammaAtOne - gammaAtZero) / (raw(1) - raw(0));
  }

  private static double tau(double gamma) {
    return Math.sqrt(Math.max(0, NoiseSchedule.softplus(gamma) - OFFSET) / SLOPE);
  }

  private double raw(double t) {
    return Math.log(Math.expm1(exponent(t)));
  }

  private double exponent(double t) {
    double tau = first + range * t;
    return OFFSET + SLOPE * tau * tau;
  }

  @Override
  public double gamma(double t) {
    return start + stretch * (raw(t) - raw(0));
  }

  @Override
  public double derivative(double t) {
    double tau = first + range * t;
    return stretch * 2 * SLOPE * tau * range / -Math.expm1(-exponent(t));
  }

  @Override
  public void addGradient(double t, double byGamma, double byDerivative, double[] gradient) {
    // nothing is learned
  }
}
