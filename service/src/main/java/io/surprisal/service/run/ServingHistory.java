package io.surprisal.service.run;

import io.surprisal.topology.serving.ServedModel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which release serves, since when, and how often another took over. Thread-safe. */
final class ServingHistory {
  private final InstantSource clock;
  private volatile @Nullable Served served;

  /**
   * @param swaps before it began
   */
  private record Served(ServedModel model, Instant since, long swaps) {}

  ServingHistory(InstantSource clock) {
    this.clock = clock;
  }

  /** Notes what serves; asked for each image, so it costs next to nothing where nothing is new. */
  ServedModel seen(ServedModel model) {
    Served last = served;
    if (last == null || !last.model.releaseId().equals(model.releaseId())) {
      change(model);
    }
    return model;
  }

  private synchronized void change(ServedModel model) {
    Served last = served;
    if (last == null) {
      served = new Served(model, clock.instant(), 0);
    } else if (!last.model.releaseId().equals(model.releaseId())) {
      served = new Served(model, clock.instant(), last.swaps + 1);
    }
  }

  /** What was seen last; empty: no image has been scored yet. */
  Optional<ServedModel> model() {
    return Optional.ofNullable(served).map(Served::model);
  }

  /** How long the release has served; zero before the first. */
  Duration age() {
    Served now = served;
    return now == null ? Duration.ZERO : Duration.between(now.since, clock.instant());
  }

  long swaps() {
    Served now = served;
    return now == null ? 0 : now.swaps;
  }
}
