package io.surprisal.trainer.run;

import io.surprisal.handover.PublishedReleases;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import io.surprisal.trainer.release.ServingRelease;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The runs of the active trainer, one at a time: goes on with those that have not ended, starts the
 * one that is due, tells how far it is, and announces what passes the gate.
 *
 * <p>Owns the thread of the run; {@link #endThen} ends it, and leaves the run to be gone on with.
 * Not thread-safe.
 */
public final class TrainingRuns {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingRuns.class);
  private static final Duration SAID_EVERY = Duration.ofSeconds(10);

  private final RunLauncher launcher;
  private final RunDirectories directories;
  private final RunSchedule schedule;
  private final PublishedReleases releases;
  private final ServingRelease serving;
  private final ClusterView view;
  private final Statements statements;
  private final RunReports reports;
  private final InstantSource clock;
  private Optional<RunThread> running = Optional.empty();
  private String said = "";
  private Instant saidAt = Instant.EPOCH;

  /** Runs nothing before {@link #tick}, and owns nothing of what it is given. */
  public TrainingRuns(
      RunLauncher launcher,
      RunDirectories directories,
      RunSchedule schedule,
      PublishedReleases releases,
      ServingRelease serving,
      ClusterView view,
      Statements statements,
      InstantSource clock) {
    this.launcher = launcher;
    this.directories = directories;
    this.schedule = schedule;
    this.releases = releases;
    this.serving = serving;
    this.view = view;
    this.statements = statements;
    reports = new RunReports(statements);
    this.clock = clock;
  }

  /** Whether a run is under way. */
  public boolean isUnderWay() {
    return running.isPresent();
  }

  /** Whether the run under way carries out a command, which is answered when it has ended. */
  public boolean carriesOut(String commandId) {
    return running.map(run -> run.plan().commands().contains(commandId)).orElse(false);
  }

  /**
   * Asks the run under way, if there is one, to end.
   *
   * @param by who cancels it, and why
   */
  public void cancel(String by) {
    running.ifPresent(run -> run.cancel(by));
  }

  /** Brings the run on, ends it, or starts the next one. To be called often. */
  public void tick() throws InterruptedException {
    if (running.isEmpty()) {
      start();
    } else if (running.get().isDone()) {
      end(running.get());
      sweep();
    } else {
      RunThread run = running.get();
      run.progress(clock.instant()).ifPresent(progress -> reports.progress(run.plan(), progress));
    }
  }

  private void start() {
    for (String open : view.openRuns()) {
      goOn(open);
      if (running.isPresent()) {
        return;
      }
    }
    if (view.isPaused() || view.candidate().isPresent()) {
      return; // a run starts from the release that serves, and that may soon be the candidate
    }
    Optional<RunOrder> due = schedule.next();
    if (due.isPresent()) {
      begin(due.get());
    } else {
      schedule.filling().ifPresent(this::saidNowAndThen);
    }
  }

  private void saidNowAndThen(String filling) {
    if (!filling.equals(said)
        && Duration.between(saidAt, clock.instant()).compareTo(SAID_EVERY) >= 0) {
      LOG.info("{}", filling);
      said = filling;
      saidAt = clock.instant();
    }
  }

  /** How far the stream is on its way to the first release; empty where one serves. */
  public Optional<String> filling() {
    return schedule.filling();
  }

  private void begin(RunOrder order) {
    try {
      if (view.active().isPresent()) {
        releases.fetch(view.active().get());
      }
      reports.started(launcher.prepare(order));
      running = Optional.of(launcher.launch(order.runId()));
    } catch (IOException | IllegalStateException e) {
      LOG.error("run {} cannot be prepared", order.runId(), e);
      reports.failed(order.runId(), order.commands(), "it cannot be prepared: " + e.getMessage());
      sweep();
    }
  }

  private void goOn(String runId) {
    if (!launcher.has(runId)) {
      reports.failed(runId, List.of(), "its files lie with the trainer that started it");
      return;
    }
    try {
      LOG.info("goes on with run {}", runId);
      running = Optional.of(launcher.launch(runId));
    } catch (IOException e) {
      LOG.error("run {} cannot be gone on with", runId, e);
      reports.failed(runId, List.of(), "it cannot be gone on with: " + e.getMessage());
    }
  }

  private void end(RunThread ended) throws InterruptedException {
    running = Optional.empty();
    RunPlan plan = ended.plan();
    try {
      TrainingRun.Outcome outcome = ended.outcome();
      if (outcome.report().passed()) {
        announce(plan, outcome);
      } else {
        reports.refused(plan, outcome);
      }
    } catch (ExecutionException e) {
      if (ended.cancelledBy().isPresent()) {
        reports.cancelled(plan, ended.cancelledBy().get());
      } else {
        Throwable why = Objects.requireNonNull(e.getCause(), "a task fails by a throwable");
        LOG.error("run {} failed", plan.runId(), why);
        reports.failed(plan.runId(), plan.commands(), String.valueOf(why.getMessage()));
      }
    } catch (IOException e) {
      LOG.error("the release of run {} cannot be stored", plan.runId(), e);
      reports.failed(
          plan.runId(),
          plan.commands(),
          "its release cannot be stored: %s; once it can, RETRAIN starts another run"
              .formatted(e.getMessage()));
    }
  }

  private void announce(RunPlan plan, TrainingRun.Outcome outcome) throws IOException {
    Release release = outcome.release();
    Statement said = statements.begin();
    boolean tried = serving.triesCandidates();
    if (!view.isAnnounced(plan.runId())) {
      ReleaseAnnouncement announcement =
          releases
              .publish(outcome.file(), release)
              .setParentReleaseId(plan.parent().isEmpty() ? null : plan.parent())
              .setRunId(plan.runId())
              .setHeldOutBitsPerDim(outcome.report().bitsPerDim())
              .setAlertRate(view.active().map(ReleaseAnnouncement::getAlertRate).orElse(null))
              .build();
      serving.introduce(announcement, plan.trigger(), said);
    }
    reports.published(
        plan, outcome, tried ? "passed the gate and is tried on live images" : "is active", said);
    said.publish();
    serving.clearAway();
    discard(plan.runId());
  }

  /** Deletes what a run has left, whose release is in the store. */
  private void discard(String runId) {
    try {
      directories.delete(runId);
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("run {} cannot be deleted", runId, e);
    }
  }

  /** Deletes what ended runs have left, but for the newest without a release. */
  private void sweep() {
    try {
      directories.retain(view.openRuns());
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("old runs cannot be deleted", e);
    }
  }

  /** Ends the thread of the run, if there is one, then closes what it has used. */
  public void endThen(Runnable closing) {
    if (running.isPresent()) {
      running.get().endThen(closing);
    } else {
      closing.run();
    }
  }
}
