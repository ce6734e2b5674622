package io.surprisal.model.diffusion;

/** γ(t) = b + |w| t, with constants or learned numbers. */
public final class LinearSchedule implements NoiseSchedule {
  private final double start;
  private final double weight;
  private final boolean learned;

  private LinearSchedule(double start, double weight, boolean learned) {
    this.start = start;
    this.weight = weight;
    this.learned = learned;
  }

  /** From one constant to another. */
  public static LinearSchedule fixed(double gammaAtZero, double gammaAtOne) {
    return new LinearSchedule(gammaAtZero, gammaAtOne - gammaAtZero, false);
  }

  /** With parameters b and w. */
  public static LinearSchedule learned(double start, double weight) {
    return new LinearSchedule(start, weight, true);
  }

  @Override
  public double gamma(double t) {
    return start + Math.abs(weight) * t;
  }

  @Override
  public double derivative(double t) {
    return Math.abs(weight);
  }

  @Override
  public void addGradient(double t, double byGamma, double byDerivative, double[] gradient) {
    if (learned) {
      gradient[0] += byGamma;
      gradient[1] += Math.signum(weight) * (byGamma * t + byDerivative);
    }
  }
}
