package io.surprisal.service.web;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a source's latest images score, beside what the release was calibrated on, in the same bins.
 *
 * @param edges of the bins in bits/dim, ascending, one more than there are bins; the first and the
 *     last bin hold what lies beyond them, too
 * @param calibration images in each bin
 * @param latest images in each bin
 */
record ScoreHistogram(List<Double> edges, List<Integer> calibration, List<Integer> latest) {
  private static final int BINS = 24;

  /** Room below and above the calibration and the threshold, in shares of their range. */
  private static final double BELOW = 0.1;

  private static final double ABOVE = 0.3;

  /**
   * Counts.
   *
   * @param calibration scores of the calibration images, ascending, at least one
   * @param threshold above which scores alert
   */
  static ScoreHistogram of(List<Float> calibration, List<Double> latest, OptionalDouble threshold) {
    double least = calibration.get(0);
    double most =
        Math.max(
            calibration.get(calibration.size() - 1), threshold.orElse(Double.NEGATIVE_INFINITY));
    double range = most > least ? most - least : 1;
    double from = least - BELOW * range;
    double width = (most + ABOVE * range - from) / BINS;
    List<Double> edges = new ArrayList<>();
    for (int i = 0; i <= BINS; i++) {
      edges.add(from + i * width);
    }
    return new ScoreHistogram(
        edges,
        counts(calibration.stream().map(Float::doubleValue).toList(), from, width),
        counts(latest, from, width));
  }

  private static List<Integer> counts(List<Double> values, double from, double width) {
    int[] counts = new int[BINS];
    for (double value : values) {
      counts[(int) Math.max(0, Math.min(BINS - 1, Math.floor((value - from) / width)))]++;
    }
    return Arrays.stream(counts).boxed().toList();
  }
}
