package io.surprisal.model.scoring;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Monte-Carlo error of the mean of evaluations at equally spaced times. The levels are a systematic
 * sample of a smooth curve, so the spread around the curve is taken from second differences (Wolter
 * 2007, "Introduction to Variance Estimation", section 8.2): the curve's own slope is not mistaken
 * for noise. Its curvature is, so this is an upper estimate; the calibration measures by how much.
 */
final class MonteCarloError {
  private MonteCarloError() {}

  /**
   * Of a mean.
   *
   * @param times of the values, equally spaced, in any order
   * @param values in bits/dim
   * @return bits/dim; NaN for fewer than three values
   */
  static double ofMean(double[] times, double[] values) {
    int n = values.length;
    if (n < 3) {
      return Double.NaN;
    }
    double[] ordered =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> times[i]))
            .mapToDouble(i -> values[i])
            .toArray();
    double sum = 0;
    for (int i = 1; i < n - 1; i++) {
      double difference = ordered[i - 1] - 2 * ordered[i] + ordered[i + 1];
      sum += difference * difference;
    }
    return Math.sqrt(sum / (6.0 * (n - 2)) / n);
  }
}
