package io.surprisal.service.web;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The threshold over time as a line. While one release takes over from another the images of both
 * come mixed, each with its own threshold: of a score and its neighbours the one in the middle
 * holds, so that the line changes with most of them, and once.
 */
final class SettledThresholds {
  /** Neighbours on either side. */
  private static final int REACH = 25;

  private SettledThresholds() {}

  /**
   * Of scores in the order of time.
   *
   * @return as many, in bits/dim; null where most of a score's neighbours have none
   */
  static List<@Nullable Double> of(List<SeenScore> scores) {
    List<@Nullable Double> settled = new ArrayList<>(scores.size());
    for (int i = 0; i < scores.size(); i++) {
      List<SeenScore> near =
          scores.subList(Math.max(0, i - REACH), Math.min(scores.size(), i + REACH + 1));
      List<Double> thresholds =
          new ArrayList<>(
              near.stream().map(SeenScore::threshold).filter(Objects::nonNull).toList());
      Collections.sort(thresholds);
      settled.add(
          2 * thresholds.size() < near.size() ? null : thresholds.get(thresholds.size() / 2));
    }
    return settled;
  }
}
