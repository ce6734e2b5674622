package io.surprisal.trainer.run;

import io.surprisal.model.runtime.Threads;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A run on a thread of its own, which it starts at once and {@link #endThen} waits for. But for the
 * run itself, for one thread: the trainer's.
 */
final class RunThread {
  private final TrainingRun run;
  private final UntoldProgress progress;
  private final FutureTask<TrainingRun.Outcome> outcome;
  private final Thread thread;
  private Optional<String> cancelledBy = Optional.empty();

  /**
   * Starts.
   *
   * @param progress that the run tells
   */
  RunThread(TrainingRun run, UntoldProgress progress) {
    this.run = run;
    this.progress = progress;
    outcome = new FutureTask<>(run);
    thread = new Thread(outcome, "trainer-run");
    thread.start();
  }

  RunPlan plan() {
    return run.plan();
  }

  /** How far it is, where that is to be told now. */
  Optional<TrainingRun.Progress> progress(Instant now) {
    return progress.take(now);
  }

  /** Asks for its end; it fails soon. */
  void cancel(String by) {
    cancelledBy = Optional.of(by);
    run.cancel();
  }

  /** Who cancelled it, and why; empty where nobody did. */
  Optional<String> cancelledBy() {
    return cancelledBy;
  }

  boolean isDone() {
    return outcome.isDone();
  }

  /**
   * How it ended.
   *
   * @throws ExecutionException if it failed, or was cancelled
   */
  TrainingRun.Outcome outcome() throws InterruptedException, ExecutionException {
    return outcome.get();
  }

  /** Ends the thread, not the run, which can be gone on with; then closes what it has used. */
  void endThen(Runnable closing) {
    run.cancel();
    Threads.joinThen(thread, closing);
  }
}
