package io.surprisal.trainer.run;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.CensoredTail;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.fit.FitRequest;
import io.surprisal.model.fit.Start;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.release.Gate;
import io.surprisal.trainer.release.GateReport;
import io.surprisal.trainer.release.GateSettings;
import io.surprisal.trainer.release.HeldOutImages;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training run from the images in its directory to a candidate that the gate has judged. Called
 * again after a kill it goes on from its last checkpoint, and ends as it would have.
 */
final class TrainingRun implements Callable<TrainingRun.Outcome> {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  private final Path directory;
  private final RunPlan plan;
  private final ReleaseStore store;
  private final RunSettings settings;
  private final Consumer<Progress> progress;
  private final InstantSource clock;
  private volatile boolean cancelled;
  private volatile boolean converged;

  /**
   * How far a run is.
   *
   * @param step optimiser steps so far
   * @param images that it learns from
   * @param imagesPerSecond of training
   * @param bitsPerDim recent mean of the training loss
   * @param heldOutBitsPerDim latest on held-out images; NaN before the first
   * @param secondsLeft of training
   * @param point whether this is a new point of the learning curve
   */
  record Progress(
      long step,
      int images,
      double imagesPerSecond,
      double bitsPerDim,
      double heldOutBitsPerDim,
      double secondsLeft,
      boolean point) {}

  /**
   * How a run ended.
   *
   * @param release the candidate, calibrated where it passed
   * @param file where it lies
   */
  record Outcome(GateReport report, Release release, Path file) {}

  /**
   * A run that has not begun.
   *
   * @param directory of the run, with its images
   * @param progress is told of each step, on the thread of {@link #call}
   */
  TrainingRun(
      Path directory,
      RunPlan plan,
      ReleaseStore store,
      RunSettings settings,
      Consumer<Progress> progress,
      InstantSource clock) {
    this.directory = directory;
    this.plan = plan;
    this.store = store;
    this.settings = settings;
    this.progress = progress;
    this.clock = clock;
  }

  RunPlan plan() {
    return plan;
  }

  /** Asks for the end; {@link #call} throws soon. */
  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  /**
   * Runs to the gate's verdict.
   *
   * @throws IllegalStateException if cancelled
   */
  @Override
  public Outcome call() throws IOException {
    Optional<Release> parent =
        plan.parent().isEmpty() ? Optional.empty() : Optional.of(store.load(plan.parent()));
    Execution execution =
        new Execution(settings.device(), precision(), TorchRuntime.workers(settings.device()));
    RunImages all =
        RunImages.in(
            directory,
            plan.tiled(),
            parent
                .map(active -> active.preprocessing().interpretation())
                .orElseGet(Interpretation::usual));
    RunImages data = withoutAnomalies(all, parent, execution);
    int heldOut = plan.heldOut() - (all.size() - data.size());
    Path candidateFile = directory.resolve("candidate.safetensors");
    Release candidate = trained(data, heldOut, parent, execution, candidateFile);
    requireNotCancelled();
    HeldOutImages heldOutImages = data.from(data.size() - heldOut);
    GateReport report =
        new Gate(
                new GateSettings(settings.gate().tolerance(), plan.evaluations(), plan.alertRate()),
                execution,
                plan.seed(),
                this::isCancelled)
            .judge(candidate, parent, best(candidate.preprocessing()), heldOutImages);
    requireNotCancelled();
    LOG.info("run {}: the gate says: {}", plan.runId(), report.summary());
    if (!report.passed()) {
      return new Outcome(report, candidate, candidateFile);
    }
    Optional<Calibration> calibration =
        heldOutImages.calibration(candidate, plan.evaluations(), execution, this::isCancelled);
    requireNotCancelled();
    Path file = directory.resolve("release.safetensors");
    return new Outcome(report, candidate.recalibrated(file, calibration.orElseThrow()), file);
  }

  /**
   * A release that the store has no more, or that sees images otherwise, is none to compare with.
   */
  private Optional<Release> best(Preprocessing sees) throws IOException {
    if (plan.best().isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(store.load(plan.best().get()))
          .filter(best -> best.preprocessing().shape().equals(sees.shape()))
          .filter(best -> best.preprocessing().tiling().equals(sees.tiling()));
    } catch (NoSuchFileException e) {
      LOG.info("run {}: the best release so far is gone, {}", plan.runId(), e.getMessage());
      return Optional.empty();
    }
  }

  private Precision precision() {
    return Precision.OF_SCORES.stream()
        .filter(precision -> precision.toString().equals(plan.precision()))
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("precision " + plan.precision() + " is not known"));
  }

  private void requireNotCancelled() {
    if (cancelled) {
      throw new IllegalStateException("the run was cancelled");
    }
  }

  /**
   * Leaves out held-out images that raised alerts, but for those that {@link CensoredTail} says.
   */
  private RunImages withoutAnomalies(RunImages all, Optional<Release> parent, Execution execution) {
    if (plan.alerted() == 0 || parent.isEmpty()) {
      return all;
    }
    int first = all.size() - plan.alerted();
    HeldOutImages alerted = all.from(first);
    int[] restored = restored(alerted, parent.get(), execution);
    requireNotCancelled();
    LOG.info(
        "run {}: of {} held-out images that raised alerts {} stay, as many as normal ones raise",
        plan.runId(),
        alerted.size(),
        restored.length);
    return all.subset(
        IntStream.concat(IntStream.range(0, first), Arrays.stream(restored).map(i -> first + i))
            .toArray());
  }

  /** All where the release that serves never alerts. */
  private int[] restored(HeldOutImages alerted, Release parent, Execution execution) {
    Optional<Calibration> calibration = parent.calibration();
    if (calibration.isPresent()) {
      int evaluations = calibration.get().evaluations();
      AlertRule rule =
          AlertRule.of(parent, evaluations, calibration.get().precision(), plan.alertRate());
      if (rule.silence().isEmpty()) {
        return CensoredTail.restored(
            alerted.verdicts(parent, rule, evaluations, execution, this::isCancelled),
            rule,
            plan.heldOut() - plan.alerted());
      }
    }
    return IntStream.range(0, alerted.size()).toArray();
  }

  private Release trained(
      RunImages data, int heldOut, Optional<Release> parent, Execution execution, Path candidate)
      throws IOException {
    FitConfiguration fit =
        FitConfiguration.named(FitConfiguration.DEFAULT).with(plan.configuration());
    Provenance provenance =
        new Provenance(
            plan.runId(),
            plan.warm() ? plan.parent() : "",
            plan.trigger(),
            plan.window(),
            settings.software());
    FitRequest request =
        new FitRequest(
            data.toFit(settings.imagesTopic(), heldOut),
            fit,
            start(candidate, parent),
            new Budget.Time(Duration.ofMillis(Math.round(plan.minutes() * 60_000))),
            plan.seed(),
            execution,
            new FitRequest.Outcome(
                candidate,
                FitRequest.Weights.AVERAGED,
                plan.evaluations(),
                0,
                Optional.of(provenance)));
    return new Fit(request, new Listener(data.size() - heldOut), this::ends, clock).run();
  }

  private Start start(Path candidate, Optional<Release> parent) {
    if (Fit.isResumable(candidate)) {
      return new Start.Resumed();
    }
    return parent
        .filter(release -> plan.warm())
        .<Start>map(Start.From::new)
        .orElseGet(Start.Anew::new);
  }

  private boolean ends() {
    return cancelled || converged;
  }

  private final class Listener implements Fit.Listener {
    private final int images;
    private final LearningCurve curve = new LearningCurve();
    private boolean point;

    Listener(int images) {
      this.images = images;
    }

    @Override
    public void started(ModelConfiguration model, int parameters, int training, int heldOut) {
      LOG.info(
          "run {}: {} parameters, {} images to train on, {} held out",
          plan.runId(),
          parameters,
          training,
          heldOut);
    }

    /** A plateau that was reached before a kill stays one. */
    @Override
    public void resumed(List<TrainingRecord.Point> before) {
      before.forEach(curve::add);
      endOnPlateau();
    }

    @Override
    public void step(long step, double fraction, double bitsPerDim, double imagesPerSecond) {
      progress.accept(
          new Progress(
              step,
              images,
              imagesPerSecond,
              bitsPerDim,
              curve.heldOutBitsPerDim(),
              (1 - fraction) * plan.minutes() * 60,
              point));
      point = false;
    }

    @Override
    public void measured(TrainingRecord.Point measured) {
      curve.add(measured);
      point = true;
      endOnPlateau();
    }

    private void endOnPlateau() {
      if (curve.isOver()) {
        LOG.info("run {}: held-out bits/dim no longer fall, training ends", plan.runId());
        converged = true;
      }
    }

    @Override
    public void calibrating(int done, int of) {
      // The caller calibrates.
    }
  }
}
