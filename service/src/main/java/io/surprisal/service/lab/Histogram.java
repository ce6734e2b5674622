package io.surprisal.service.lab;

import java.util.Arrays;

/**
 * How many of some values lie in each of several equally wide bars.
 *
 * @param low where the first bar begins
 * @param high where the last bar ends, above {@code low}
 * @param counts of each bar, at least one; the last holds {@code high} too
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Histogram(double low, double high, int[] counts) {

  /**
   * Counts.
   *
   * @param values each from {@code low} to {@code high}
   * @param bars at least 1
   */
  static Histogram of(double[] values, double low, double high, int bars) {
    int[] counts = new int[bars];
    for (double value : values) {
      counts[(int) Math.min(bars - 1, bars * (value - low) / (high - low))]++;
    }
    return new Histogram(low, high, counts);
  }

  /** The count of the fullest bar. */
  int tallest() {
    return Arrays.stream(counts).max().orElse(0);
  }

  /** The way along the tops of the bars, from the ground to the ground: x of each corner. */
  double[] outlineX() {
    double[] x = new double[2 * counts.length + 2];
    for (int edge = 0; edge <= counts.length; edge++) {
      x[2 * edge] = low + (high - low) * edge / counts.length;
      x[2 * edge + 1] = x[2 * edge];
    }
    return x;
  }

  /** The height of each corner of {@link #outlineX}. */
  double[] outlineY() {
    double[] y = new double[2 * counts.length + 2];
    for (int bar = 0; bar < counts.length; bar++) {
      y[2 * bar + 1] = counts[bar];
      y[2 * bar + 2] = counts[bar];
    }
    return y;
  }
}
