package io.surprisal.trainer.drift;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many images in a row say as much as one: the integrated autocorrelation time of a series, τ =
 * 1 + 2 Σ ρ<sub>k</sub>, from the variance of the means of blocks of 1, 2, 4, … images (Flyvbjerg
 * &amp; Petersen 1989): it is that of a single image times τ over the length of a block that is
 * long enough. Bounded memory. Not thread-safe.
 */
final class Correlation {
  private static final int MOST_LEVELS = 32;

  /** Fewer means say too little of their variance. */
  private static final int FEWEST_BLOCKS = 64;

  private static final double MOST_GROWTH = 1.25;

  /**
   * Blocks of one length, twice that of the level before.
   *
   * @param blocks how many
   * @param mean of their means
   * @param squares sum of squares of their means, about that mean
   * @param pending the mean of a block that waits for its neighbour; null: none does
   */
  record Level(long blocks, double mean, double squares, @Nullable Double pending) {
    private static final Level EMPTY = new Level(0, 0, 0, null);

    private Level with(double value) {
      double before = value - mean;
      double now = mean + before / (blocks + 1);
      return new Level(
          blocks + 1, now, squares + before * (value - now), pending == null ? value : null);
    }

    private double variance() {
      return blocks < 2 ? 0 : squares / (blocks - 1);
    }
  }

  private final List<Level> levels;

  /** Goes on from its levels, or from none. */
  Correlation(List<Level> levels) {
    this.levels = new ArrayList<>(levels);
  }

  List<Level> levels() {
    return List.copyOf(levels);
  }

  /** The next of the series. */
  void add(double value) {
    double mean = value;
    for (int level = 0; level < MOST_LEVELS; level++) {
      Level before = level < levels.size() ? levels.get(level) : Level.EMPTY;
      Level after = before.with(mean);
      if (level < levels.size()) {
        levels.set(level, after);
      } else {
        levels.add(after);
      }
      Double pending = before.pending();
      if (pending == null) {
        return;
      }
      mean = (pending + mean) / 2;
    }
  }

  /**
   * Whether longer blocks would say the same, as far as can be told: the longest of which there are
   * enough say at most a quarter more than those of half their length.
   */
  boolean isSettled() {
    int longest = 0;
    while (longest + 1 < levels.size() && levels.get(longest + 1).blocks() >= FEWEST_BLOCKS) {
      longest++;
    }
    return longest > 0
        && 2 * levels.get(longest).variance() <= MOST_GROWTH * levels.get(longest - 1).variance();
  }

  /** τ, at least 1; where the series does not vary, 1. */
  double time() {
    double variance = levels.isEmpty() ? 0 : levels.get(0).variance();
    double most = 1;
    for (int level = 1; level < levels.size(); level++) {
      Level of = levels.get(level);
      if (of.blocks() >= FEWEST_BLOCKS && variance > 0) {
        // less its standard error, so that what is not correlated is not taken for it
        double error = Math.sqrt(2.0 / of.blocks());
        most = Math.max(most, Math.pow(2, level) * of.variance() / variance * (1 - error));
      }
    }
    return most;
  }
}
