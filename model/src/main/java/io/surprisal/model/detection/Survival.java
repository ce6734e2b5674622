package io.surprisal.model.detection;

import java.util.Arrays;

/**
 * How rare it is that a statistic of normal images is as large as a value: at each calibration
 * value its conformal p-value (1 + #{calibration ≥ value})/(n + 1), between two of them its
 * logarithm in a straight line, and beyond the largest an exponential tail, the generalised Pareto
 * law of shape 0 (Pickands 1975), with the mean excess over the ninth decile.
 */
final class Survival {
  private static final double TAIL = 0.1;

  /** So that three values at least have an excess, where there are so many. */
  private static final int FEWEST = 3;

  private final double[] ascending;
  private final double scale;

  private Survival(double[] ascending, double scale) {
    this.ascending = ascending;
    this.scale = scale;
  }

  /**
   * Of calibration values.
   *
   * @param values at least one, all finite
   */
  static Survival of(float[] values) {
    int n = values.length;
    double[] ascending = new double[n];
    for (int i = 0; i < n; i++) {
      ascending[i] = values[i];
    }
    Arrays.sort(ascending);
    int tail = Math.min(n - 1, Math.max(FEWEST, (int) Math.ceil(TAIL * n)));
    double excess = 0;
    for (int i = n - tail; i < n; i++) {
      excess += (ascending[i] - ascending[n - tail - 1]) / tail;
    }
    // values that do not vary say nothing of a scale; any is as good
    return new Survival(ascending, excess > 0 ? excess : 1);
  }

  /** −ln of the chance; never negative, strictly larger for a larger value beyond the smallest. */
  double surprise(double value) {
    int n = ascending.length;
    int above = firstAbove(value);
    if (above == 0) {
      return 0;
    }
    double here = surpriseAt(above - 1);
    if (above == n) {
      return here + (value - ascending[n - 1]) / scale;
    }
    double share = (value - ascending[above - 1]) / (ascending[above] - ascending[above - 1]);
    return here + share * (surpriseAt(above) - here);
  }

  /** At a calibration value, the first of its equals. */
  private double surpriseAt(int index) {
    int first = index;
    while (first > 0 && ascending[first - 1] == ascending[index]) {
      first--;
    }
    return Math.log((ascending.length + 1.0) / (ascending.length - first + 1.0));
  }

  private int firstAbove(double value) {
    int low = 0;
    int high = ascending.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ascending[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
