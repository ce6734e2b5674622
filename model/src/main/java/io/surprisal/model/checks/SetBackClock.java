package io.surprisal.model.checks;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Notices that the machine's clock was set back. Kafka's clients and streams measure time by it,
 * and theirs never goes back: until the clock is again where it was they send no heartbeat, nothing
 * expires, and no timer fires. A process that begins then knows nothing of that, so this one is to
 * end.
 */
public final class SetBackClock {

  /** By so little, clients are behind before anybody misses them. */
  static final Duration TOLERATED = Duration.ofSeconds(10);

  private final InstantSource clock;
  private final LongSupplier nanos;
  private long clockMillis;
  private long steadyNanos;
  private Optional<IllegalStateException> found = Optional.empty();

  /** Begins to look. */
  public SetBackClock() {
    this(InstantSource.system(), System::nanoTime);
  }

  /**
   * Begins to look.
   *
   * @param nanos a count that never goes back, such as {@link System#nanoTime}
   */
  public SetBackClock(InstantSource clock, LongSupplier nanos) {
    this.clock = clock;
    this.nanos = nanos;
    clockMillis = clock.millis();
    steadyNanos = nanos.getAsLong();
  }

  /** What to end with; empty as long as the clock was not set back between two calls. */
  public synchronized Optional<IllegalStateException> found() {
    long millis = clock.millis();
    long now = nanos.getAsLong();
    Duration back = Duration.ofNanos(now - steadyNanos).minusMillis(millis - clockMillis);
    clockMillis = millis;
    steadyNanos = now;
    if (found.isEmpty() && back.compareTo(TOLERATED) > 0) {
      found =
          Optional.of(
              new IllegalStateException(
                  "this machine's clock was set back by %d s, and Kafka's clients would stand still for as long; start again: what was committed is kept"
                      .formatted(back.toSeconds())));
    }
    return found;
  }
}
