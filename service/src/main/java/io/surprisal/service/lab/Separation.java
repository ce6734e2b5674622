package io.surprisal.service.lab;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * How well a number tells two sets apart: the area under the receiver operating characteristic, the
 * chance that one of the second set is larger than one of the first, ties by halves.
 *
 * @param auroc in [0, 1]
 * @param low end of its 95 % bootstrap interval
 * @param high other end
 */
record Separation(double auroc, double low, double high) {
  private static final int RESAMPLES = 1000;

  /**
   * Of two sets, neither empty.
   *
   * @param seed of the bootstrap
   */
  static Separation of(double[] normal, double[] anomalous, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] drawn = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      drawn[i] = area(resampled(normal, random), resampled(anomalous, random));
    }
    Arrays.sort(drawn);
    return new Separation(
        area(normal.clone(), anomalous),
        drawn[(int) (0.025 * RESAMPLES)],
        drawn[(int) (0.975 * RESAMPLES)]);
  }

  private static double[] resampled(double[] values, SplittableRandom random) {
    return random.ints(values.length, 0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  /** Sorts {@code normal}. */
  private static double area(double[] normal, double[] anomalous) {
    Arrays.sort(normal);
    double larger = 0;
    for (double value : anomalous) {
      larger += (below(normal, value) + below(normal, Math.nextUp(value))) / 2.0;
    }
    return larger / normal.length / anomalous.length;
  }

  /** How many of an ascending array are below a value. */
  private static int below(double[] ascending, double value) {
    int low = 0;
    int high = ascending.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ascending[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
