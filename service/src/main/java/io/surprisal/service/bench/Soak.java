package io.surprisal.service.bench;

import io.surprisal.model.runtime.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** A stream under a steady load for some minutes, and what the process holds in each. */
final class Soak {
  private static final double NANOS_A_MINUTE = 60e9;

  private final int minutes;
  private final Consumer<Footprint> listener;
  private final LongSupplier clock;
  private final long start;
  private final List<Footprint> footprints = new ArrayList<>();
  private long looked;
  private long scored;
  private long worstMillis;

  /**
   * Begins now.
   *
   * @param minutes at least 1
   * @param listener is told of each minute
   */
  Soak(int minutes, Consumer<Footprint> listener) {
    this(minutes, listener, System::nanoTime);
  }

  Soak(int minutes, Consumer<Footprint> listener, LongSupplier clock) {
    this.minutes = minutes;
    this.listener = listener;
    this.clock = clock;
    start = clock.getAsLong();
    looked = start;
  }

  /** Whether no further images are to be offered. */
  boolean over() {
    return clock.getAsLong() - start >= minutes * NANOS_A_MINUTE;
  }

  /** An image has its score. */
  void scored(long latencyMillis) {
    scored++;
    worstMillis = Math.max(worstMillis, latencyMillis);
  }

  /** Notes what the process holds, once a minute has passed since the last time. */
  void look() {
    long now = clock.getAsLong();
    if (footprints.size() >= minutes || now - start < (footprints.size() + 1) * NANOS_A_MINUTE) {
      return;
    }
    Footprint footprint =
        Footprint.now(
            (now - start) / NANOS_A_MINUTE,
            scored / ((now - looked) * 1e-9),
            worstMillis,
            TorchRuntime.nativeHandles());
    footprints.add(footprint);
    listener.accept(footprint);
    looked = now;
    scored = 0;
    worstMillis = 0;
  }

  /** One a minute. */
  List<Footprint> footprints() {
    return List.copyOf(footprints);
  }
}
