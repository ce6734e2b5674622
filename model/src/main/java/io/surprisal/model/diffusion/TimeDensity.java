package io.surprisal.model.diffusion;

import java.util.List;

/**
 * How densely the times t in [0, 1] are evaluated: piecewise linear between equally spaced knots,
 * so that stratified s in [0, 1) become stratified times with the loss still continuous in s. A
 * loss at t divided by the density there has the same mean over s as the loss has over t.
 *
 * @param knots the density at 0, 1/n, …, 1, in any unit, each above 0; at least two
 */
public record TimeDensity(List<Double> knots) {
  /** Every time alike: t = s. */
  public static final TimeDensity UNIFORM = new TimeDensity(List.of(1.0, 1.0));

  /**
   * @throws IllegalArgumentException if the density is not positive and finite everywhere
   */
  public TimeDensity {
    knots = List.copyOf(knots);
    if (knots.size() < 2 || knots.stream().anyMatch(k -> !(k > 0 && k < Double.MAX_VALUE))) {
      throw new IllegalArgumentException(
          "density of times: " + knots + ", must be at least two positive numbers");
    }
  }

  /** Density at a time, of mean 1 over all of them. */
  public double at(double t) {
    int n = knots.size() - 1;
    int from = (int) Math.min(n - 1, Math.floor(t * n));
    double within = t * n - from;
    return ((1 - within) * knots.get(from) + within * knots.get(from + 1)) / mean();
  }

  /** The time t that has the share s of the density before it. */
  public double time(double s) {
    if (equals(UNIFORM)) {
      return s;
    }
    int n = knots.size() - 1;
    double left = s * mean() * n;
    int from = 0;
    while (from < n - 1 && left > area(from)) {
      left -= area(from);
      from++;
    }
    // left = start w + ½ (end − start) w², solved without cancellation
    double start = knots.get(from);
    double slope = knots.get(from + 1) - start;
    double root = Math.sqrt(Math.max(0, start * start + 2 * slope * left));
    return Math.min(1, (from + 2 * left / (start + root)) / n);
  }

  private double area(int from) {
    return (knots.get(from) + knots.get(from + 1)) / 2;
  }

  private double mean() {
    double sum = 0;
    for (int i = 0; i < knots.size() - 1; i++) {
      sum += area(i);
    }
    return sum / (knots.size() - 1);
  }
}
