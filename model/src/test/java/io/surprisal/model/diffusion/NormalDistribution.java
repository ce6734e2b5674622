package io.surprisal.model.diffusion;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/** What the statistical tests need of distribution functions. */
final class NormalDistribution {
  private NormalDistribution() {}

  /** Φ(x) by Marsaglia's series (2004, "Evaluating the normal distribution"), to 1e-14. */
  static double cumulative(double x) {
    if (Math.abs(x) > 8) {
      return x > 0 ? 1 : 0;
    }
    double sum = x;
    double term = x;
    for (int i = 3; Math.abs(term) > 1e-17; i += 2) {
      term *= x * x / i;
      sum += term;
    }
    return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }

  /** √n times the Kolmogorov–Smirnov distance: above 2.5 with probability 7.5e-6. */
  static double kolmogorovSmirnov(double[] sample, DoubleUnaryOperator cumulative) {
    double[] sorted = sample.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double distance = 0;
    for (int i = 0; i < n; i++) {
      double expected = cumulative.applyAsDouble(sorted[i]);
      distance = Math.max(distance, Math.max(expected - i / (double) n, (i + 1.0) / n - expected));
    }
    return distance * Math.sqrt(n);
  }
}
