package io.surprisal.trainer.run;

import io.surprisal.handover.ReleaseStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;

/** Sets runs going: planned ones, and those that a trainer that was killed has left. */
public final class RunLauncher {
  private final RunSettings settings;
  private final RunDirectories directories;
  private final RunPlanner planner;
  private final ReleaseStore store;
  private final InstantSource clock;

  /** Owns nothing of what it is given. */
  public RunLauncher(
      RunSettings settings,
      RunDirectories directories,
      RunPlanner planner,
      ReleaseStore store,
      InstantSource clock) {
    this.settings = settings;
    this.directories = directories;
    this.planner = planner;
    this.store = store;
    this.clock = clock;
  }

  /**
   * Decides on a run, and leaves it on disk to be started.
   *
   * @throws IOException if it cannot be written, or the active release not be read
   * @throws IllegalStateException if too few images raised no alerts
   */
  RunPlan prepare(RunOrder order) throws IOException {
    return planner.plan(directories.of(order.runId()), order);
  }

  /** Whether the files of a run lie here. */
  boolean has(String runId) {
    return RunPlan.isIn(directories.of(runId));
  }

  /**
   * Starts a run that was prepared, or goes on with it.
   *
   * @throws IOException if its plan cannot be read
   */
  RunThread launch(String runId) throws IOException {
    Path directory = directories.of(runId);
    UntoldProgress progress = new UntoldProgress();
    TrainingRun run =
        new TrainingRun(directory, RunPlan.read(directory), store, settings, progress, clock);
    return new RunThread(run, progress);
  }
}
