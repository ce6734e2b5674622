package io.surprisal.service.bench;

import io.surprisal.model.runtime.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** A stream under a steady load for some minutes, and what the process holds in each. */
final class Soak {
  private static final double NANOS_A_MINUTE = 60e9;

  private final int minutes;
  private final Consumer<String> log;
  private final long start = System.nanoTime();
  private final List<Footprint> footprints = new ArrayList<>();
  private long looked = start;
  private long scored;
  private long worstMillis;

  /**
   * Begins now.
   *
   * @param minutes at least 1
   * @param log is told a line a minute
   */
  Soak(int minutes, Consumer<String> log) {
    this.minutes = minutes;
    this.log = log;
  }

  /** Whether no further images are to be offered. */
  boolean over() {
    return System.nanoTime() - start >= minutes * NANOS_A_MINUTE;
  }

  /** An image has its score. */
  void scored(long latencyMillis) {
    scored++;
    worstMillis = Math.max(worstMillis, latencyMillis);
  }

  /** Notes what the process holds, once a minute has passed since the last time. */
  void look() {
    long now = System.nanoTime();
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
    log.accept(
        String.format(
            Locale.ROOT,
            "surprisal: minute %.0f: %.1f images/s, heap %.0f MiB, resident %.0f MiB, %d threads, %d files",
            footprint.minute(),
            footprint.imagesPerSecond(),
            footprint.heapMebibytes(),
            footprint.residentMebibytes(),
            footprint.threads(),
            footprint.fileHandles()));
    looked = now;
    scored = 0;
    worstMillis = 0;
  }

  /** One a minute. */
  List<Footprint> footprints() {
    return List.copyOf(footprints);
  }
}
