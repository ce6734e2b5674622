package io.surprisal.topology.sources;

import java.util.HashMap;
import java.util.Map;

/**
 * Whether images wait unread: then a source that seems silent may have sent some. A partition is
 * behind when more than half of its last 64 images came late; for ten minutes after the last of
 * them, if nothing else comes.
 */
final class Backlog {

  private static final long STALE_MILLIS = 10 * 60_000;

  private final Map<Integer, Lateness> partitions = new HashMap<>();

  /**
   * @param recent a bit for each image, the latest lowest
   * @param at milliseconds watched at the latest
   */
  private record Lateness(long recent, long at) {}

  /** An image has come. */
  void seen(int partition, boolean late, long watched) {
    long before = partitions.getOrDefault(partition, new Lateness(0, 0)).recent();
    partitions.put(partition, new Lateness(before << 1 | (late ? 1 : 0), watched));
  }

  /** Whether any partition is behind. */
  boolean behind(long watched) {
    return partitions.values().stream()
        .anyMatch(
            partition ->
                Long.bitCount(partition.recent()) > Long.SIZE / 2
                    && watched - partition.at() <= STALE_MILLIS);
  }
}
