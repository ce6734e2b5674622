package io.surprisal.model.diffusion;

/**
 * Continuous time, or T discrete steps: which times the diffusion loss is taken at, and what a
 * squared error ‖ε − ε̂‖² there weighs.
 *
 * <ul>
 *   <li>continuous (arXiv 2107.00630, equation 17): L_∞ = ½ E_t[γ′(t) ‖ε − ε̂‖²];
 *   <li>T steps (equation 14): L_T = T/2 E_i[expm1(γ(t_i) − γ(s_i)) ‖ε − ε̂‖²], t_i = i/T, s_i =
 *       t_i − 1/T.
 * </ul>
 *
 * @param steps T, or 0 for continuous time
 */
public record DiffusionTime(int steps) {
  public static final DiffusionTime CONTINUOUS = new DiffusionTime(0);

  public DiffusionTime {
    if (steps < 0) {
      throw new IllegalArgumentException(
          "timesteps is " + steps + ", must be at least 1, or 0 for continuous time");
    }
  }

  public boolean continuous() {
    return steps == 0;
  }

  /** The time at which a loss for a uniform t in [0, 1) is taken: t itself, or ⌈tT⌉/T. */
  public double at(double t) {
    if (continuous()) {
      return t;
    }
    double step = Math.ceil(t * steps);
    return (step == 0 ? steps : step) / steps; // times wrap around: 0 is 1
  }

  /**
   * The times of the first n evaluations of an image: stratified, in discrete time without
   * repetition, so that T evaluations are the full sum.
   *
   * @param u offset in [0, 1)
   */
  public double[] times(int n, double u) {
    double[] times = NoiseTimes.stratified(n, u);
    for (int i = 0; i < n; i++) {
      // A step of a full sum is told by its index: rounding must not give one twice.
      times[i] =
          n == steps
              ? ((long) (u * steps) + i) % steps / (double) steps + 1.0 / steps
              : at(times[i]);
    }
    return times;
  }

  /** What ‖ε − ε̂‖² at a time t of {@link #at} weighs in the loss, nats. */
  public double weight(NoiseSchedule schedule, double t) {
    return continuous()
        ? 0.5 * schedule.derivative(t)
        : stepWeight(schedule.gamma(before(t)), schedule.gamma(t));
  }

  /** What ‖ε − ε̂‖² weighs in discrete time at the end of a step from γ(s) to γ(t), nats. */
  double stepWeight(double gammaS, double gammaT) {
    return 0.5 * steps * Math.expm1(gammaT - gammaS);
  }

  /** s, one step before t in discrete time. */
  public double before(double t) {
    return Math.max(0, t - 1.0 / steps);
  }
}
