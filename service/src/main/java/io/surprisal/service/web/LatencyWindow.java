package io.surprisal.service.web;

import java.util.Arrays;
import java.util.Optional;

/**
 * How long the latest scores took: those of the last {@value #WINDOW_SECONDS} s, or of fewer
 * seconds where more than {@value #MOST} came in them. Not thread-safe.
 */
final class LatencyWindow {
  static final int MOST = 4096;
  static final int WINDOW_SECONDS = 60;
  private static final long WINDOW_MILLIS = 1000L * WINDOW_SECONDS;

  private final long[] cameAt = new long[MOST];
  private final long[] took = new long[MOST];
  private long count;

  /**
   * What the window says.
   *
   * @param scores in it, at least one
   * @param seconds that it goes back
   * @param p50Millis median
   * @param p99Millis 99th percentile; of fewer than a hundred the longest
   * @param mostMillis the longest
   */
  record Measured(int scores, long seconds, long p50Millis, long p99Millis, long mostMillis) {}

  /**
   * A score has come.
   *
   * @param now milliseconds of the wall clock
   * @param millis it took; where clocks disagree it may be negative, which counts as nothing
   */
  void add(long now, long millis) {
    int slot = (int) (count % MOST);
    cameAt[slot] = now;
    took[slot] = Math.max(0, millis);
    count++;
  }

  /**
   * The percentiles.
   *
   * @param now milliseconds of the wall clock
   * @return empty: no score has come within the window
   */
  Optional<Measured> measured(long now) {
    int known = (int) Math.min(count, MOST);
    long[] recent = new long[known];
    int n = 0;
    long oldest = now;
    for (int slot = 0; slot < known; slot++) {
      if (cameAt[slot] > now - WINDOW_MILLIS) {
        recent[n++] = took[slot];
        oldest = Math.min(oldest, cameAt[slot]);
      }
    }
    if (n == 0) {
      return Optional.empty();
    }
    long[] ascending = Arrays.copyOf(recent, n);
    Arrays.sort(ascending);
    return Optional.of(
        new Measured(
            n,
            n == MOST ? (now - oldest + 999) / 1000 : WINDOW_SECONDS,
            percentile(ascending, 0.5),
            percentile(ascending, 0.99),
            ascending[n - 1]));
  }

  private static long percentile(long[] ascending, double share) {
    return ascending[Math.max(0, (int) Math.ceil(share * ascending.length) - 1)];
  }
}
