package io.surprisal.model.fit;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.Checkpoint;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.ModelTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training run from data to release: split, train, measure the curve on held-out images, write
 * checkpoints, calibrate, and write the release. A run that is stopped writes a usable release too.
 */
public final class Fit {
  private static final Logger LOG = LoggerFactory.getLogger(Fit.class);

  private final FitRequest request;
  private final Listener listener;
  private final BooleanSupplier stop;
  private final InstantSource clock;

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
  public Fit(FitRequest request, Listener listener, BooleanSupplier stop, InstantSource clock) {
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
    Optional<Checkpoint> resumed =
        request.start() instanceof Start.Resumed
            ? Optional.of(checkpoint(request.outcome().file()))
            : Optional.empty();
    ModelConfiguration model = request.model();
    FitSplit split = split(resumed);
    if (resumed.isPresent()) {
      requireSameRun(resumed.get(), split);
    }
    if (split.leftOutImages() > 0) {
      LOG.info(
          "{} images are held out in blocks of neighbours; {} beside them, which may be nearly the same, are not trained on",
          split.heldOutImages(),
          split.leftOutImages());
    }
    listener.started(
        model, ParameterLayout.of(model).size(), split.trainingImages(), split.heldOutImages());
    resumed.ifPresent(checkpoint -> listener.resumed(checkpoint.history()));
    try (ModelTrainer trainer =
        new ModelTrainer(
            model,
            request.configuration(),
            request.execution().device(),
            TorchRuntime.trainingWorkers(
                request.execution().device(), request.execution().workers()),
            request.seed(),
            resumed.map(Checkpoint::state).orElseGet(this::first))) {
      FitRun run = new FitRun(request, listener, stop, clock, split, trainer, resumed);
      run.train();
      return run.release();
    }
  }

  /** As the run split that is resumed, and else as of now. */
  private FitSplit split(Optional<Checkpoint> resumed) {
    FitSplit split = FitSplit.of(request.images(), request.seed());
    if (resumed.isEmpty() || resumed.get().fingerprint() == split.fingerprint()) {
      return split;
    }
    FitSplit earlier = FitSplit.ofEarlierVersions(request.images(), request.seed());
    return resumed.get().fingerprint() == earlier.fingerprint() ? earlier : split;
  }

  /** The state before the first step of a run that begins. */
  private ModelTrainer.State first() {
    return request.start() instanceof Start.From from
        ? ModelTrainer.startingFrom(from.release().parameters())
        : ModelTrainer.initial(request.model(), request.seed());
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

  private void requireSameRun(Checkpoint checkpoint, FitSplit split) throws ReleaseException {
    List<String> differences = new ArrayList<>();
    if (!checkpoint.model().equals(request.model())
        || !checkpoint.fit().equals(request.configuration())) {
      differences.add("configuration " + checkpoint.fit() + " with model " + checkpoint.model());
    }
    if (checkpoint.seed() != request.seed()) {
      differences.add("seed " + checkpoint.seed());
    }
    if (checkpoint.images() != request.images().size()) {
      differences.add(checkpoint.images() + " images");
    } else if (checkpoint.seed() == request.seed()
        && checkpoint.fingerprint() != split.fingerprint()) {
      differences.add("other images or another held-out share");
    }
    if (!differences.isEmpty()) {
      throw new ReleaseException(
          "the checkpoint beside "
              + request.outcome().file()
              + " is of another run: it has "
              + String.join(", ", differences)
              + "; name the same, or start without --resume");
    }
  }
}
