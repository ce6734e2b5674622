package io.surprisal.model.detection;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The upper tail of one statistic of the calibration images: which part of it alerts, and how far
 * out a value lies.
 *
 * @param ascending the statistic of all calibration images
 * @param threshold above which it alerts; infinite where no block is its
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Tail(float[] ascending, double threshold) {

  /**
   * Cuts the highest blocks off, among the images that no tail before has cut off.
   *
   * @param values of all calibration images
   * @param blocks how many
   * @param gone the images that are cut off; this tail's are added
   */
  static Tail cut(float[] values, int blocks, boolean[] gone) {
    int[] left =
        IntStream.range(0, values.length)
            .filter(i -> !gone[i])
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .mapToInt(i -> i)
            .toArray();
    double threshold = blocks == 0 ? Double.POSITIVE_INFINITY : values[left[left.length - blocks]];
    for (int i = left.length - blocks; i < left.length; i++) {
      gone[left[i]] = true;
    }
    float[] ascending = values.clone();
    Arrays.sort(ascending);
    return new Tail(ascending, threshold);
  }

  boolean alerts(float value) {
    return value > threshold;
  }

  /** Conformal: (1 + #{calibration ≥ value}) / (n + 1). */
  double pValue(float value) {
    return (1.0 + atLeast(value)) / (ascending.length + 1);
  }

  /** How many values are at least as high as one. */
  private int atLeast(float value) {
    int index = Arrays.binarySearch(ascending, value);
    if (index < 0) {
      return ascending.length + index + 1;
    }
    while (index > 0 && ascending[index - 1] == value) {
      index--;
    }
    return ascending.length - index;
  }
}
