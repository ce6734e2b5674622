package io.surprisal.topology.statistics;

import java.util.OptionalDouble;

/**
 * Count, mean and scatter of numbers that come one by one (Welford 1962), so that no digits are
 * lost where the mean is large beside the scatter.
 *
 * @param count of the numbers, never negative
 * @param mean of them; 0 of none
 * @param squares sum of the squared distances from the mean, never negative
 */
record Moments(long count, double mean, double squares) {

  static final Moments NONE = new Moments(0, 0, 0);

  /** With one number more. */
  Moments with(double value) {
    double distance = value - mean;
    double newMean = mean + distance / (count + 1);
    return new Moments(count + 1, newMean, squares + distance * (value - newMean));
  }

  /** Of the numbers as a sample; empty of fewer than two. */
  OptionalDouble standardDeviation() {
    return count < 2 ? OptionalDouble.empty() : OptionalDouble.of(Math.sqrt(squares / (count - 1)));
  }

  /** Of the mean; empty of fewer than two numbers. */
  OptionalDouble standardError() {
    return count < 2
        ? OptionalDouble.empty()
        : OptionalDouble.of(Math.sqrt(squares / (count - 1) / count));
  }
}
