package io.surprisal.topology.sources;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * How long sources have been watched, in milliseconds. It stands still while nobody watches: a
 * source whose images lay unread while all scorers were down has not been silent. A wall clock that
 * is set moves it by nothing.
 *
 * @param watched all in all, up to {@code ticked}; never negative
 * @param ticked milliseconds of the wall clock at which somebody watched last
 */
record WatchClock(long watched, long ticked) {

  /** How often somebody who watches says so. */
  static final long TICK_MILLIS = 10_000;

  /** Longer between two ticks nobody watched. */
  private static final long MOST_MILLIS = 3 * TICK_MILLIS;

  /** Begins to count now. */
  static WatchClock starting(long now) {
    return new WatchClock(0, now);
  }

  /** Goes on counting now; what has passed since nobody watched. */
  WatchClock resumed(long now) {
    return new WatchClock(watched, now);
  }

  /** Milliseconds watched, at a time of the wall clock. */
  long at(long now) {
    long passed = now - ticked;
    return passed < 0 || passed > MOST_MILLIS ? watched : watched + passed;
  }

  /** Somebody watches now. */
  WatchClock tick(long now) {
    return new WatchClock(at(now), now);
  }

  static Serde<WatchClock> serde() {
    return Serdes.serdeFrom(
        (topic, clock) ->
            clock == null
                ? null
                : ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(clock.watched())
                    .putLong(clock.ticked())
                    .array(),
        (topic, bytes) ->
            bytes == null
                ? null
                : new WatchClock(
                    ByteBuffer.wrap(bytes).getLong(), ByteBuffer.wrap(bytes).getLong(Long.BYTES)));
  }
}
