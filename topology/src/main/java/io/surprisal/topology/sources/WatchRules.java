package io.surprisal.topology.sources;

import java.time.Duration;
import java.util.Optional;

/**
 * When a source is said to make no sense any more; what is usual is learned from its own past.
 *
 * @param silentAfter time without an image after which a source is silent, whatever its habit;
 *     empty: three times its second longest pause of two weeks (see {@link Spells}), at least five
 *     minutes
 * @param frozenAfter alike pictures in a row that make a source frozen, at least 2; more where it
 *     has sent so many before
 * @param degradedAfter pictures in a row whose exposure, focus or colour is far from the habit, for
 *     at least five minutes, that make a source degraded, at least 1
 */
public record WatchRules(Optional<Duration> silentAfter, int frozenAfter, int degradedAfter) {

  public static final int FROZEN_AFTER = 10;
  public static final int DEGRADED_AFTER = 20;

  /**
   * @throws IllegalArgumentException if a number is too small
   */
  public WatchRules {
    if (frozenAfter < 2 || degradedAfter < 1) {
      throw new IllegalArgumentException(
          "frozen after %d pictures, degraded after %d; must be at least 2 and 1"
              .formatted(frozenAfter, degradedAfter));
    }
    if (silentAfter.isPresent() && silentAfter.get().toMillis() < 1000) {
      throw new IllegalArgumentException(
          "silent after " + silentAfter.get() + ", must be at least 1 s");
    }
  }

  /** Of an unconfigured system. */
  public static WatchRules usual() {
    return new WatchRules(Optional.empty(), FROZEN_AFTER, DEGRADED_AFTER);
  }
}
