package io.surprisal.model.diffusion;

/**
 * The α-cosine schedule (Nichol &amp; Dhariwal 2021): α = cos(πτ/2), so γ = 2 ln tan(πτ/2), with τ
 * an affine map of t that meets the chosen end points. Fixed; for comparison.
 */
public final class CosineSchedule implements NoiseSchedule {
  private final double first;
  private final double range;

  /** From γ(0) to γ(1). */
  public CosineSchedule(double gammaAtZero, double gammaAtOne) {
    first = tau(gammaAtZero);
    range = tau(gammaAtOne) - first;
  }

  private static double tau(double gamma) {
    return 2 / Math.PI * Math.atan(Math.exp(gamma / 2));
  }

  @Override
  public double gamma(double t) {
    return 2 * Math.log(Math.tan(Math.PI / 2 * (first + range * t)));
  }

  @Override
  public double derivative(double t) {
    return 2 * Math.PI / Math.sin(Math.PI * (first + range * t)) * range;
  }

  @Override
  public void addGradient(double t, double byGamma, double byDerivative, double[] gradient) {
    // nothing is learned
  }
}
