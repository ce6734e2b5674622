package io.surprisal.trainer.run;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.CensoredTail;
import io.surprisal.model.detection.Verdict;
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
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.release.Gate;
import io.surprisal.trainer.release.GateReport;
import io.surprisal.trainer.release.GateSettings;
import io.surprisal.trainer.release.HeldOutImages;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
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

  /** Enough for an estimate: with fewer a worker has none. */
  private static final int MEASURED_IMAGES = 32;

  private final Path directory;
  private final RunPlan plan;
  private final ReleaseStore store;
  private final RunSettings settings;
  private final Consumer<Progress> progress;
  private final InstantSource clock;
  private final ProcessorShare share;
  private volatile boolean cancelled;
  private volatile boolean converged;

  /** On the thread of {@link #call}, as is what follows. */
  private RunOutlook outlook = new RunOutlook(0);

  /** The last that was told while it trained; empty before and once it is judged. */
  private Optional<Progress> trained = Optional.empty();

  private boolean judging;

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
   * @param expected when its release is to be expected, if it passes the gate; empty: not known
   */
  record Progress(
      long step,
      int images,
      double imagesPerSecond,
      double bitsPerDim,
      double heldOutBitsPerDim,
      double secondsLeft,
      boolean point,
      Optional<Instant> expected) {

    /** The same once training has ended, while the gate judges. */
    Progress judging(Optional<Instant> expected) {
      return new Progress(
          step, images, imagesPerSecond, bitsPerDim, heldOutBitsPerDim, 0, false, expected);
    }
  }

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
    // A share of the processors says nothing of a GPU.
    share = ProcessorShare.of(settings.device().isGpu() ? 1 : settings.share());
  }

  RunPlan plan() {
    return plan;
  }

  /** Asks for the end; {@link #call} throws soon. */
  void cancel() {
    cancelled = true;
  }

  /** Asked between two pieces of work: rests where others are to have the processors. */
  private boolean isToEnd() {
    share.rest(() -> cancelled);
    if (judging) {
      trained
          .map(last -> last.judging(outlook.expected(clock.instant(), Duration.ZERO)))
          .ifPresent(progress);
    }
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
    HeldOutImages heldOutImages = data.from(data.size() - heldOut);
    outlook = new RunOutlook(Gate.scorings(heldOut, parent.isPresent(), plan.best().isPresent()));
    if (parent.isPresent()) {
      measure(parent.get(), heldOutImages, execution);
    }
    Path candidateFile = directory.resolve("candidate.safetensors");
    Release candidate = trained(data, heldOut, parent, execution, candidateFile);
    requireNotCancelled();
    outlook.trained(clock.instant());
    measure(candidate, heldOutImages, execution);
    judging = true;
    GateReport report =
        new Gate(
                new GateSettings(settings.gate().tolerance(), plan.evaluations(), plan.alertRate()),
                execution,
                plan.seed(),
                this::isToEnd)
            .judge(candidate, parent, best(candidate.preprocessing()), heldOutImages);
    requireNotCancelled();
    LOG.info("run {}: the gate says: {}", plan.runId(), report.summary());
    if (!report.passed()) {
      return new Outcome(report, candidate, candidateFile);
    }
    Optional<Calibration> calibration =
        heldOutImages.calibration(candidate, plan.evaluations(), execution, this::isToEnd);
    requireNotCancelled();
    Path file = directory.resolve("release.safetensors");
    return new Outcome(report, candidate.recalibrated(file, calibration.orElseThrow()), file);
  }

  /**
   * How long scoring takes beside all that runs now. Of pictures each pass sees other parts, so
   * that nothing follows from some.
   */
  private void measure(Release release, HeldOutImages heldOut, Execution execution) {
    if (plan.tiled().isPresent()) {
      return;
    }
    try (ImageScorer scorer = new ImageScorer(release, execution, plan.evaluations())) {
      first(heldOut, 1).bitsPerDim(scorer, this::isToEnd); // whatever only the first one costs
      HeldOutImages some = first(heldOut, MEASURED_IMAGES);
      long start = clock.millis();
      some.bitsPerDim(scorer, this::isToEnd);
      share.rest(() -> cancelled);
      outlook.measured((clock.millis() - start) / 1000.0 / some.size());
    }
    outlook
        .expected(clock.instant(), trainingLeft())
        .ifPresent(
            expected ->
                LOG.info(
                    "run {}: its release is expected at {}",
                    plan.runId(),
                    expected.truncatedTo(ChronoUnit.SECONDS)));
  }

  /** All of the training, before it begins; nothing after. */
  private Duration trainingLeft() {
    return trained.isPresent()
        ? Duration.ZERO
        : Duration.ofMillis(Math.round(plan.minutes() * 60_000));
  }

  private static HeldOutImages first(HeldOutImages images, int most) {
    return images.subset(IntStream.range(0, Math.min(most, images.size())).toArray());
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
    int others = plan.heldOut() - plan.alerted();
    List<String> normal = all.from(first - others).sources().subList(0, others);
    int[] restored = restored(alerted, normal, parent.get(), execution);
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

  /**
   * All where the release that serves never alerts.
   *
   * @param normal sources of the held-out images that raised no alert
   */
  private int[] restored(
      HeldOutImages alerted, List<String> normal, Release parent, Execution execution) {
    Optional<Calibration> calibration = parent.calibration();
    if (calibration.isPresent()) {
      int evaluations = calibration.get().evaluations();
      AlertRules rules =
          AlertRules.of(parent, evaluations, calibration.get().precision(), plan.alertRate());
      if (rules.silence().isEmpty()) {
        List<Verdict> verdicts =
            alerted.verdicts(parent, rules, evaluations, execution, this::isToEnd);
        return CensoredTail.restored(
            verdicts, alerted.sources().subList(0, verdicts.size()), rules, normal);
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
    return isToEnd() || converged;
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
      double left = (1 - fraction) * plan.minutes() * 60;
      Progress now =
          new Progress(
              step,
              images,
              imagesPerSecond,
              bitsPerDim,
              curve.heldOutBitsPerDim(),
              left,
              point,
              outlook.expected(clock.instant(), Duration.ofMillis(Math.round(left * 1000))));
      trained = Optional.of(now);
      progress.accept(now);
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
