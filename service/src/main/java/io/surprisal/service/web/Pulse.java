package io.surprisal.service.web;

/** How many came in each of the last seconds. Not thread-safe. */
final class Pulse {
  private static final int SECONDS = 16;

  /** The current second is not over, so it does not count. */
  private static final int WHOLE = 10;

  private final long[] counts = new long[SECONDS];
  private long latest;

  void add(long second, long count) {
    forgetUntil(second);
    if (second > latest - SECONDS) {
      counts[slot(second)] += count;
    }
  }

  /** A second, of the last ten whole seconds. */
  double perSecond(long second) {
    forgetUntil(second);
    long sum = 0;
    for (long at = second - WHOLE; at < second; at++) {
      sum += counts[slot(at)];
    }
    return (double) sum / WHOLE;
  }

  private void forgetUntil(long second) {
    for (long at = Math.max(latest + 1, second - SECONDS + 1); at <= second; at++) {
      counts[slot(at)] = 0;
    }
    latest = Math.max(latest, second);
  }

  private static int slot(long second) {
    return (int) Math.floorMod(second, (long) SECONDS);
  }
}
