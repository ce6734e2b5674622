package io.surprisal.service.bench;

import java.util.Arrays;

/**
 * How long repeated passes took, milliseconds an image.
 *
 * @param median of the passes
 * @param min the fastest
 */
record Timing(double median, double min) {

  /**
   * Sums passes up.
   *
   * @param millis of each pass, at least one
   */
  static Timing of(double... millis) {
    return new Timing(Median.of(millis), Arrays.stream(millis).min().orElseThrow());
  }
}
