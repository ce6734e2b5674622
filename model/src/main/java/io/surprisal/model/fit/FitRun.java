package io.surprisal.model.fit;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.Png;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.training.Checkpoint;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.ModelTrainer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The state of one run, from its first step to its release. */
final class FitRun {
  private static final Logger LOG = LoggerFactory.getLogger(FitRun.class);
  private static final Duration CHECKPOINT_INTERVAL = Duration.ofMinutes(1);
  private static final int CURVE_POINTS = 20;

  /** At least this much training time for the time that a point of the curve takes. */
  private static final int TRAINING_PER_MEASURING = 10;

  private static final int PNG_IMAGES = 1024;

  /**
   * Most of the time before a run's end that is kept for its calibration, which makes do with less.
   */
  private static final double MOST_CALIBRATION = 0.3;

  private final FitRequest request;
  private final Fit.Listener listener;
  private final BooleanSupplier stop;
  private final InstantSource clock;
  private final ModelConfiguration model;
  private final FitSplit split;
  private final ModelTrainer trainer;
  private final int batch;
  private final double secondsBefore;
  private final long stepsBefore;
  private final long start;
  private final LearningCurve curve;
  private double reached;
  private double recentLoss = Double.NaN;
  private long lastCheckpoint;

  /**
   * A run before its first step.
   *
   * @param resumed what it goes on from; empty for one that begins
   */
  FitRun(
      FitRequest request,
      Fit.Listener listener,
      BooleanSupplier stop,
      InstantSource clock,
      FitSplit split,
      ModelTrainer trainer,
      Optional<Checkpoint> resumed) {
    this.request = request;
    this.listener = listener;
    this.stop = stop;
    this.clock = clock;
    this.split = split;
    this.trainer = trainer;
    model = request.model();
    batch = request.configuration().step().batch();
    secondsBefore = resumed.map(Checkpoint::seconds).orElse(0.0);
    stepsBefore = trainer.steps();
    curve =
        new LearningCurve(
            request, model, split, stop, resumed.map(Checkpoint::history).orElse(List.of()));
    start = clock.millis();
    lastCheckpoint = start;
  }

  /** Trains until the budget is spent, or until stopped. */
  void train() throws IOException {
    FitConfiguration fit = request.configuration();
    double nextPoint = fraction();
    long notBefore = 0;
    while (fraction() < 1 && !stop.getAsBoolean()) {
      if (fraction() >= nextPoint && clock.millis() >= notBefore) {
        long before = clock.millis();
        measure();
        nextPoint = fraction() + 1.0 / CURVE_POINTS;
        notBefore = clock.millis() + TRAINING_PER_MEASURING * (clock.millis() - before);
      }
      ModelTrainer.Step step =
          trainer.step(
              split.training(),
              split.batch(trainer.steps(), batch),
              fit.course().rate(trainer.steps(), fraction()));
      curve.add(step.bitsPerDim());
      recentLoss =
          Double.isNaN(recentLoss)
              ? step.bitsPerDim()
              : 0.98 * recentLoss + 0.02 * step.bitsPerDim();
      listener.step(trainer.steps(), fraction(), recentLoss, imagesPerSecond());
      if (clock.millis() - lastCheckpoint > CHECKPOINT_INTERVAL.toMillis()) {
        writeCheckpoint();
      }
    }
    if (!curve.isMeasuredAt(trainer.steps()) && !stop.getAsBoolean()) {
      measure();
    }
    if (trainer.steps() > stepsBefore) {
      writeCheckpoint();
    }
  }

  /** Share of the budget that is spent, in [0, 1]. */
  private double fraction() {
    double spent = request.budget().fraction(trainer.steps(), seconds());
    if (request.outcome().end().isEmpty()) {
      return spent;
    }
    reached = Math.max(reached, Math.max(spent, ofTime()));
    return reached;
  }

  /** Share of the time before the end that is spent, less what the calibration will take. */
  private double ofTime() {
    double whole =
        Math.max(0, request.outcome().end().orElseThrow().toEpochMilli() - start) / 1000.0;
    double training = whole - Math.min(MOST_CALIBRATION * whole, calibrationSeconds());
    double since = (clock.millis() - start) / 1000.0;
    return since >= training ? 1 : since / training;
  }

  /** What the calibration will take, as far as is known. */
  private double calibrationSeconds() {
    FitRequest.Outcome outcome = request.outcome();
    int of = split.calibrationImages(outcome.calibrationImages());
    double seconds = curve.secondsAnImage() * split.scoredToCalibrate(of);
    return Double.isNaN(seconds) ? 0 : seconds;
  }

  /** How many images or tiles can be scored until the end; 0 where nothing is known of that. */
  private long affordable() {
    return request
        .outcome()
        .end()
        .map(end -> (end.toEpochMilli() - clock.millis()) / 1000.0 / curve.secondsAnImage())
        .map(Double::longValue)
        .orElse(Long.MAX_VALUE);
  }

  private double seconds() {
    return secondsBefore + (clock.millis() - start) / 1000.0;
  }

  private double imagesPerSecond() {
    return (trainer.steps() - stepsBefore)
        * (double) batch
        / Math.max(1e-3, seconds() - secondsBefore);
  }

  private float[] weights() {
    return switch (request.outcome().weights()) {
      case AVERAGED -> trainer.averagedParameters();
      case LAST -> trainer.parameters();
    };
  }

  private void measure() {
    curve
        .measure(trainer.steps(), weights())
        .ifPresent(
            point -> {
              listener.measured(point);
              curve.log();
            });
  }

  private void writeCheckpoint() throws IOException {
    new Checkpoint(
            model,
            request.configuration(),
            request.seed(),
            request.images().size(),
            split.fingerprint(),
            seconds(),
            curve.points(),
            trainer.state())
        .write(Checkpoint.beside(request.outcome().file()));
    lastCheckpoint = clock.millis();
  }

  /** Writes the release, calibrated where enough images are held out. */
  Release release() throws IOException {
    FitRequest.Outcome outcome = request.outcome();
    TrainingRecord record =
        new TrainingRecord(
            trainer.steps(),
            trainer.steps() * batch,
            seconds(),
            request.seed(),
            request.images().name(),
            split.trainingImages(),
            split.heldOutImages(),
            request.configuration().fields(),
            pngBitsPerDim(),
            outcome.weights() == FitRequest.Weights.AVERAGED,
            curve.points());
    Release release =
        Release.write(
            outcome.file(),
            model,
            request.images().preprocessing(),
            weights(),
            Optional.empty(),
            record,
            outcome.provenance());
    int of = split.calibrationImages(outcome.calibrationImages());
    if (outcome.calibrationImages() == 0) {
      return release; // the caller calibrates
    }
    if (of < Calibrator.FEWEST_IMAGES) {
      LOG.warn(
          "{} held-out images are too few to calibrate on: the release will raise no alerts until"
              + " surprisal calibrate gives it a calibration",
          of);
      return release;
    }
    boolean stopped = stop.getAsBoolean();
    long deadline = clock.millis() + split.timeAfterStop().toMillis();
    Optional<Calibration> calibration =
        split.calibrate(
            release,
            of,
            affordable(),
            outcome.evaluations(),
            request.execution(),
            done -> listener.calibrating(done, of),
            () -> isPast(outcome.end()),
            () -> stop.getAsBoolean() && (!stopped || clock.millis() >= deadline));
    if (calibration.isEmpty()) {
      LOG.warn(
          "stopped before the calibration: the release scores, and raises no alerts until surprisal"
              + " calibrate gives it one");
      return release;
    }
    if (calibration.get().images() < of) {
      LOG.warn(
          "calibrated on {} of {} held-out images{}: alert rates below {} need surprisal calibrate",
          calibration.get().images(),
          of,
          isPast(outcome.end()) ? ", for want of time" : "",
          String.format(Locale.ROOT, "%.3f", 1.0 / (calibration.get().images() + 1)));
    }
    return release.recalibrated(outcome.file(), calibration.get());
  }

  private boolean isPast(Optional<Instant> end) {
    return end.isPresent() && !clock.instant().isBefore(end.get());
  }

  private double pngBitsPerDim() {
    if (split.heldOutImages() == 0 || (stop.getAsBoolean() && curve.points().isEmpty())) {
      return Double.NaN;
    }
    ImageDataset heldOut = split.heldOut();
    return Png.bitsPerDim(
        IntStream.range(0, Math.min(PNG_IMAGES, heldOut.size())).mapToObj(heldOut::image).toList());
  }
}
