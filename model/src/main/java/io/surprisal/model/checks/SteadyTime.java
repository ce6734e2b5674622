package io.surprisal.model.checks;

import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * Time that passes as fast as it does, whatever becomes of the machine's clock: it begins at the
 * time of that clock, and knows nothing of it from then on. For how long something takes, and when
 * it is due; what others read is stamped by the clock.
 */
public final class SteadyTime implements InstantSource {
  private final Instant begin;
  private final LongSupplier nanos;
  private final long beginNanos;

  /** Begins now. */
  public SteadyTime() {
    this(InstantSource.system(), System::nanoTime);
  }

  /**
   * @param clock is asked once
   * @param nanos a count that never goes back, such as {@link System#nanoTime}
   */
  SteadyTime(InstantSource clock, LongSupplier nanos) {
    this.nanos = nanos;
    begin = clock.instant();
    beginNanos = nanos.getAsLong();
  }

  @Override
  public Instant instant() {
    return begin.plusNanos(nanos.getAsLong() - beginNanos);
  }
}
