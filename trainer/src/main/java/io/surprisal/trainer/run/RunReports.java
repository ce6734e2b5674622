package io.surprisal.trainer.run;

import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import io.surprisal.trainer.release.GateReport;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is said of a run, and in its name to whoever asked for it. */
final class RunReports {
  private final Statements statements;

  RunReports(Statements statements) {
    this.statements = statements;
  }

  /** It begins. */
  void started(RunPlan plan) {
    Statement said = statements.begin();
    said.event(
        event(TrainerEventType.RUN_STARTED, plan)
            .setMessage(
                String.format(
                    Locale.ROOT,
                    "%s; %.1f minutes %s",
                    plan.trigger(),
                    plan.minutes(),
                    plan.warm() ? "from release " + plan.parent() : "from new weights")));
    said.publish();
  }

  /** It is so far. */
  void progress(RunPlan plan, TrainingRun.Progress progress) {
    Statement said = statements.begin();
    said.event(
        event(TrainerEventType.RUN_PROGRESS, plan)
            .setStep(progress.step())
            .setImages(progress.images())
            .setImagesPerSecond(progress.imagesPerSecond())
            .setTrainBitsPerDim(orNull(progress.bitsPerDim()))
            .setHeldOutBitsPerDim(orNull(progress.heldOutBitsPerDim()))
            .setSecondsLeft(progress.secondsLeft())
            .setReleaseExpectedAt(progress.expected().orElse(null)));
    said.publish();
  }

  /** The gate refuses its candidate. */
  void refused(RunPlan plan, TrainingRun.Outcome outcome) {
    GateReport report = outcome.report();
    Statement said = statements.begin();
    said.event(
        event(TrainerEventType.RUN_REFUSED, plan)
            .setReleaseId(outcome.release().id())
            .setHeldOutBitsPerDim(orNull(report.bitsPerDim()))
            .setParentHeldOutBitsPerDim(active(report))
            .setMessage(report.summary() + "; kept as " + outcome.file()));
    plan.commands().forEach(id -> said.reject(id, "the gate refuses: " + report.summary()));
    said.publish();
  }

  /**
   * Its candidate has passed.
   *
   * @param what has become of the release, in words that follow its name
   * @param said of the release, which this belongs to
   */
  void published(RunPlan plan, TrainingRun.Outcome outcome, String what, Statement said) {
    String id = outcome.release().id();
    said.event(
        event(TrainerEventType.RUN_PUBLISHED, plan)
            .setReleaseId(id)
            .setStep(outcome.release().training().steps())
            .setImages(outcome.release().training().trainingImages())
            .setHeldOutBitsPerDim(outcome.report().bitsPerDim())
            .setParentHeldOutBitsPerDim(active(outcome.report()))
            .setMessage(outcome.report().summary()));
    plan.commands().forEach(command -> said.done(command, "release " + id + " " + what));
  }

  /** It was cancelled. */
  void cancelled(RunPlan plan, String by) {
    String why = "cancelled by " + by;
    Statement said = statements.begin();
    said.event(event(TrainerEventType.RUN_CANCELLED, plan).setMessage(why));
    plan.commands().forEach(id -> said.reject(id, why));
    said.publish();
  }

  /**
   * It cannot be brought to its end.
   *
   * @param commandIds commands that it was to carry out, as far as they are known
   */
  void failed(String runId, List<String> commandIds, String reason) {
    Statement said = statements.begin();
    said.event(statements.event(TrainerEventType.RUN_FAILED).setRunId(runId).setMessage(reason));
    commandIds.forEach(id -> said.reject(id, "the run failed: " + reason));
    said.publish();
  }

  private TrainerEvent.Builder event(TrainerEventType type, RunPlan plan) {
    return statements
        .event(type)
        .setRunId(plan.runId())
        .setCommandId(plan.commands().isEmpty() ? null : plan.commands().get(0))
        .setParentReleaseId(plan.parent().isEmpty() ? null : plan.parent());
  }

  private static @Nullable Double active(GateReport report) {
    return report.activeBitsPerDim().isPresent() ? report.activeBitsPerDim().getAsDouble() : null;
  }

  private static @Nullable Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }
}
