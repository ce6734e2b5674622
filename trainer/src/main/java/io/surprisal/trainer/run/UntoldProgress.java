package io.surprisal.trainer.run;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How far a run is, between its thread, which knows at every step, and the trainer's, which tells
 * it now and then: the latest, but no point of the learning curve is lost to what comes after it.
 * Thread-safe.
 */
final class UntoldProgress implements Consumer<TrainingRun.Progress> {
  /** Between two that are no points of the curve. */
  static final Duration INTERVAL = Duration.ofSeconds(5);

  private Optional<TrainingRun.Progress> untold = Optional.empty();
  private Instant told = Instant.MIN;

  @Override
  public synchronized void accept(TrainingRun.Progress now) {
    boolean point = untold.map(TrainingRun.Progress::point).orElse(false);
    if (!point || now.point()) {
      untold = Optional.of(now);
    }
  }

  /** What is to be told now; empty where there is nothing, or it is too soon. */
  synchronized Optional<TrainingRun.Progress> take(Instant now) {
    boolean due = Duration.between(told, now).compareTo(INTERVAL) >= 0;
    Optional<TrainingRun.Progress> taken = untold.filter(progress -> due || progress.point());
    if (taken.isPresent()) {
      untold = Optional.empty();
      told = now;
    }
    return taken;
  }
}
