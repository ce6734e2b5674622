package io.surprisal.model.detection;

import java.util.Arrays;

/**
 * The upper tail of one statistic of the calibration images: how far out a value lies.
 *
 * @param ascending the statistic of all calibration images
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Tail(float[] ascending) {

  /** Of calibration values in any order. */
  static Tail of(float[] values) {
    float[] ascending = values.clone();
    Arrays.sort(ascending);
    return new Tail(ascending);
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
