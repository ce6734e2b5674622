package io.surprisal.model.fit;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.Png;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.training.Checkpoint;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.ModelTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training run from data to release: split, train, measure the curve on held-out images, write
 * checkpoints, calibrate, and write the release. A run that is stopped writes a usable release too.
 */
public final class Fit {
  private static final Logger LOG = LoggerFactory.getLogger(Fit.class);
  private static final Duration CHECKPOINT_INTERVAL = Duration.ofMinutes(1);
  private static final int CURVE_POINTS = 20;

  /** At least this much training time for the time that a point of the curve takes. */
  private static final int TRAINING_PER_MEASURING = 10;

  private static final int CURVE_IMAGES = 128;
  private static final int PNG_IMAGES = 1024;
  private static final Duration CALIBRATION_AFTER_STOP = Duration.ofSeconds(30);

  private final Request request;
  private final Listener listener;
  private final BooleanSupplier stop;
  private final InstantSource clock;

  /**
   * What to do.
   *
   * @param data images to learn from
   * @param dataName what to call them in the release
   * @param out where the release goes; the checkpoint lies beside it
   * @param configuration of model and training
   * @param steps optimiser steps in all, empty for no bound
   * @param time wall time of training in all, empty for no bound
   * @param heldOutFraction share of the images that is never trained on
   * @param calibrationImages most held-out images that calibrate the release; 0: it is left
   *     uncalibrated
   * @param evaluations K, the serving number that the release is calibrated for
   * @param seed of initialisation, split, order and noise
   * @param average whether the release holds the moving average of the weights
   * @param resume go on from the checkpoint beside {@code out}
   * @param execution where to train, and how precisely the release will be served; training itself
   *     is in float32
   * @param heldOutLast how many images at the end of the data are held out, in place of a share of
   *     them drawn by chance
   * @param parent whose weights training starts from; empty: new weights
   * @param provenance for the release; empty: not trained from a stream
   */
  public record Request(
      ImageDataset data,
      String dataName,
      Path out,
      FitConfiguration configuration,
      OptionalLong steps,
      Optional<Duration> time,
      double heldOutFraction,
      int calibrationImages,
      int evaluations,
      long seed,
      boolean average,
      boolean resume,
      Execution execution,
      OptionalInt heldOutLast,
      Optional<Release> parent,
      Optional<Provenance> provenance) {

    /** Of images that were split by nobody, from new weights. */
    public Request(
        ImageDataset data,
        String dataName,
        Path out,
        FitConfiguration configuration,
        OptionalLong steps,
        Optional<Duration> time,
        double heldOutFraction,
        int calibrationImages,
        int evaluations,
        long seed,
        boolean average,
        boolean resume,
        Execution execution) {
      this(
          data,
          dataName,
          out,
          configuration,
          steps,
          time,
          heldOutFraction,
          calibrationImages,
          evaluations,
          seed,
          average,
          resume,
          execution,
          OptionalInt.empty(),
          Optional.empty(),
          Optional.empty());
    }

    public Request {
      if (steps.isEmpty() && time.isEmpty()) {
        throw new IllegalArgumentException("a run needs a bound: steps or time");
      }
      if (!(heldOutFraction >= 0 && heldOutFraction < 1)) {
        throw new IllegalArgumentException(
            "held-out share is " + heldOutFraction + ", must be in [0, 1)");
      }
      if (parent.isPresent()) {
        ModelConfiguration wanted =
            configuration.model(data.channels(), data.height(), data.width());
        ModelConfiguration found = parent.get().configuration();
        if (!found.equals(wanted)) {
          throw new IllegalArgumentException(
              "the release to start from has the network " + found + ", wanted is " + wanted);
        }
      }
    }
  }

  /** Is told how a run goes, on the run's thread. */
  public interface Listener {
    /** Once, before the first step. */
    void started(ModelConfiguration model, int parameters, int trainingImages, int heldOutImages);

    /** Once, before the first step, of a run that goes on: the learning curve so far. */
    default void resumed(List<TrainingRecord.Point> curve) {
      // Whoever shows or judges only what is new has no use for it.
    }

    /**
     * After every step.
     *
     * @param fraction of the budget spent, in [0, 1]
     * @param bitsPerDim recent mean of the training loss
     * @param imagesPerSecond since the run started or resumed
     */
    void step(long step, double fraction, double bitsPerDim, double imagesPerSecond);

    /** A new point of the learning curve. */
    void measured(TrainingRecord.Point point);

    /** While the release is calibrated. */
    void calibrating(int done, int of);
  }

  /** A run that ends early, at the next step, once {@code stop} says so. */
  public Fit(Request request, Listener listener, BooleanSupplier stop, InstantSource clock) {
    this.request = request;
    this.listener = listener;
    this.stop = stop;
    this.clock = clock;
  }

  /**
   * Runs to the end of the budget, or until stopped.
   *
   * @throws ReleaseException if the checkpoint to resume from is damaged or of another run
   * @throws ArithmeticException if training diverges; the last checkpoint is left
   */
  public Release run() throws IOException {
    ImageDataset data = request.data();
    Optional<Checkpoint> resumed =
        request.resume() ? Optional.of(checkpoint(request.out())) : Optional.empty();
    FitConfiguration fit = request.configuration();
    ModelConfiguration model = fit.model(data.channels(), data.height(), data.width());
    DataSplit split =
        request.heldOutLast().isPresent()
            ? DataSplit.withLastHeldOut(data, request.heldOutLast().getAsInt(), request.seed())
            : new DataSplit(data, request.heldOutFraction(), request.seed());
    if (resumed.isPresent()) {
      requireSameRun(resumed.get(), model, fit, split);
    }
    listener.started(
        model, ParameterLayout.of(model).size(), split.trainingImages(), split.heldOutImages());
    resumed.ifPresent(checkpoint -> listener.resumed(checkpoint.history()));
    try (ModelTrainer trainer =
        new ModelTrainer(
            model,
            fit,
            request.execution().device(),
            TorchRuntime.trainingWorkers(
                request.execution().device(), request.execution().workers()),
            request.seed(),
            resumed.map(Checkpoint::state).orElseGet(() -> first(model)))) {
      Progress progress = new Progress(model, fit, split, trainer, resumed);
      progress.train();
      return progress.release();
    }
  }

  private ModelTrainer.State first(ModelConfiguration model) {
    return request
        .parent()
        .map(parent -> ModelTrainer.startingFrom(parent.parameters()))
        .orElseGet(() -> ModelTrainer.initial(model, request.seed()));
  }

  /** Whether a run that was to write this release has left a checkpoint to resume from. */
  public static boolean isResumable(Path out) {
    return Files.exists(Checkpoint.beside(out));
  }

  /**
   * The configuration of the run that the checkpoint beside a release is of.
   *
   * @throws NoSuchFileException if there is no checkpoint
   * @throws ReleaseException if it is damaged
   */
  public static FitConfiguration resumable(Path out) throws IOException {
    return checkpoint(out).fit();
  }

  private static Checkpoint checkpoint(Path out) throws IOException {
    Path file = Checkpoint.beside(out);
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "run without --resume to start anew");
    }
    return Checkpoint.read(file);
  }

  private void requireSameRun(
      Checkpoint checkpoint, ModelConfiguration model, FitConfiguration fit, DataSplit split)
      throws ReleaseException {
    List<String> differences = new ArrayList<>();
    if (!checkpoint.model().equals(model) || !checkpoint.fit().equals(fit)) {
      differences.add("configuration " + checkpoint.fit() + " with model " + checkpoint.model());
    }
    if (checkpoint.seed() != request.seed()) {
      differences.add("seed " + checkpoint.seed());
    }
    if (checkpoint.images() != request.data().size()) {
      differences.add(checkpoint.images() + " images");
    } else if (checkpoint.seed() == request.seed()
        && checkpoint.fingerprint() != split.fingerprint()) {
      differences.add("other images or another held-out share");
    }
    if (!differences.isEmpty()) {
      throw new ReleaseException(
          "the checkpoint beside "
              + request.out()
              + " is of another run: it has "
              + String.join(", ", differences)
              + "; name the same, or start without --resume");
    }
  }

  /** The state of one run. */
  private final class Progress {
    private final ModelConfiguration model;
    private final FitConfiguration fit;
    private final DataSplit split;
    private final ModelTrainer trainer;
    private final double secondsBefore;
    private final long stepsBefore;
    private final long start = clock.millis();
    private final List<TrainingRecord.Point> history;
    private double lossSum;
    private long lossCount;
    private boolean warned;
    private double recentLoss = Double.NaN;
    private long lastCheckpoint = start;

    Progress(
        ModelConfiguration model,
        FitConfiguration fit,
        DataSplit split,
        ModelTrainer trainer,
        Optional<Checkpoint> resumed) {
      this.model = model;
      this.fit = fit;
      this.split = split;
      this.trainer = trainer;
      secondsBefore = resumed.map(Checkpoint::seconds).orElse(0.0);
      history = new ArrayList<>(resumed.map(Checkpoint::history).orElse(List.of()));
      stepsBefore = trainer.steps();
    }

    void train() throws IOException {
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
                request.data(),
                split.batch(trainer.steps(), fit.batch()),
                fit.rate(trainer.steps(), fraction()));
        lossSum += step.bitsPerDim();
        lossCount++;
        recentLoss =
            Double.isNaN(recentLoss)
                ? step.bitsPerDim()
                : 0.98 * recentLoss + 0.02 * step.bitsPerDim();
        listener.step(trainer.steps(), fraction(), recentLoss, imagesPerSecond());
        if (clock.millis() - lastCheckpoint > CHECKPOINT_INTERVAL.toMillis()) {
          writeCheckpoint();
        }
      }
      boolean measured =
          !history.isEmpty() && history.get(history.size() - 1).step() == trainer.steps();
      if (!measured && !stop.getAsBoolean()) {
        measure();
      }
      if (trainer.steps() > stepsBefore) {
        writeCheckpoint();
      }
    }

    /** Share of the budget that is spent, in [0, 1]. */
    private double fraction() {
      double bySteps =
          request.steps().isEmpty()
              ? 0
              : request.steps().getAsLong() == 0
                  ? 1
                  : (double) trainer.steps() / request.steps().getAsLong();
      double byTime = request.time().map(time -> seconds() * 1000 / time.toMillis()).orElse(0.0);
      return Math.min(1, Math.max(bySteps, byTime));
    }

    private double seconds() {
      return secondsBefore + (clock.millis() - start) / 1000.0;
    }

    private double imagesPerSecond() {
      return (trainer.steps() - stepsBefore)
          * (double) fit.batch()
          / Math.max(1e-3, seconds() - secondsBefore);
    }

    private float[] weights() {
      return request.average() ? trainer.averagedParameters() : trainer.parameters();
    }

    private void measure() {
      if (split.heldOutImages() == 0) {
        return;
      }
      float[] weights = weights();
      try (ImageScorer scorer =
          new ImageScorer(
              model,
              weights,
              new Execution(
                  request.execution().device(), Precision.FLOAT32, request.execution().workers()),
              BoundEstimator.plain(
                  Stages.single(request.evaluations()), NoisePlan.keyedByPixels()))) {
        DatasetLikelihood likelihood =
            DatasetLikelihood.measure(
                scorer, split.heldOut(), CURVE_IMAGES, (index, image) -> {}, stop);
        if (stop.getAsBoolean()) {
          return; // of a part of the images only
        }
        NoiseSchedule schedule = NoiseSchedule.of(model, weights);
        TrainingRecord.Point point =
            new TrainingRecord.Point(
                trainer.steps(),
                lossCount == 0 ? Double.NaN : lossSum / lossCount,
                likelihood.bitsPerDim(),
                schedule.gammaAtZero(),
                schedule.gammaAtOne());
        history.add(point);
        lossSum = 0;
        lossCount = 0;
        listener.measured(point);
        warnOfOverfitting();
        LOG.info(
            "step {}: held-out {} bits/dim, training {}",
            point.step(),
            String.format(Locale.ROOT, "%.4f", point.heldOutBitsPerDim()),
            Double.isNaN(point.trainingBitsPerDim())
                ? "not begun"
                : String.format(Locale.ROOT, "%.4f", point.trainingBitsPerDim()));
      }
    }

    private double pngBitsPerDim() {
      int count = Math.min(PNG_IMAGES, split.heldOutImages());
      return count == 0
          ? Double.NaN
          : Png.bitsPerDim(
              IntStream.range(0, count).mapToObj(i -> split.heldOut().image(i)).toList());
    }

    /** Says once that more training makes it worse. */
    private void warnOfOverfitting() {
      Optional<TrainingRecord.Point> best = TrainingRecord.overfittedSince(history);
      if (!warned && best.isPresent()) {
        warned = true;
        TrainingRecord.Point last = history.get(history.size() - 1);
        LOG.warn(
            "step {}: held-out bits/dim has turned up, {} after {} at step {}: the run over-fits;"
                + " stop it earlier, take more images, dropout, --flip or a smaller --config",
            last.step(),
            String.format(Locale.ROOT, "%.4f", last.heldOutBitsPerDim()),
            String.format(Locale.ROOT, "%.4f", best.get().heldOutBitsPerDim()),
            best.get().step());
      }
    }

    private void writeCheckpoint() throws IOException {
      new Checkpoint(
              model,
              fit,
              request.seed(),
              request.data().size(),
              split.fingerprint(),
              seconds(),
              history,
              trainer.state())
          .write(Checkpoint.beside(request.out()));
      lastCheckpoint = clock.millis();
    }

    Release release() throws IOException {
      TrainingRecord record =
          new TrainingRecord(
              trainer.steps(),
              trainer.steps() * fit.batch(),
              seconds(),
              request.seed(),
              request.dataName(),
              split.trainingImages(),
              split.heldOutImages(),
              fit.fields(),
              pngBitsPerDim(),
              request.average(),
              history);
      Release release =
          Release.write(
              request.out(), model, weights(), Optional.empty(), record, request.provenance());
      int of = Math.min(request.calibrationImages(), split.heldOutImages());
      if (request.calibrationImages() == 0) {
        return release; // the caller calibrates
      }
      if (of < Calibrator.FEWEST_IMAGES) {
        LOG.warn(
            "{} held-out images are too few to calibrate on: the release will raise no alerts until"
                + " surprisal calibrate gives it a calibration",
            of);
        return release;
      }
      long deadline = clock.millis() + CALIBRATION_AFTER_STOP.toMillis();
      Calibration calibration =
          Calibrator.calibrate(
              release,
              split.heldOut(),
              of,
              request.evaluations(),
              request.execution(),
              done -> listener.calibrating(done, of),
              () -> stop.getAsBoolean() && clock.millis() > deadline);
      return release.recalibrated(request.out(), calibration);
    }
  }
}
