package io.surprisal.service.bench;

import java.util.Arrays;

/** The median, which one slow round does not move. */
final class Median {
  private Median() {}

  /** The middle value, or the mean of the two in the middle; NaN of none. */
  static double of(double... values) {
    double[] ascending = values.clone();
    Arrays.sort(ascending);
    int n = ascending.length;
    return n == 0 ? Double.NaN : (ascending[(n - 1) / 2] + ascending[n / 2]) / 2;
  }
}
