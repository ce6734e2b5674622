package io.surprisal.model.fit;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.TrainingSpeed;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * The configuration that suits images, budget and machine: the largest network that sees enough
 * images in the time to be worth its cost, with coarser levels where the images are large, in the
 * precision that trains faster here. What the user has set stays as it is.
 *
 * @param name of the built-in configuration that it starts from
 * @param configuration the choice
 * @param millisPerImage of a training step, measured
 */
public record TrainingPlan(String name, FitConfiguration configuration, double millisPerImage) {

  /** Built-in configurations by size, with the images that a run should see at least. */
  private static final List<Candidate> CANDIDATES =
      List.of(
          new Candidate("tiny", 0),
          new Candidate("small", 5_000),
          new Candidate("medium", 50_000),
          new Candidate("large", 1_000_000));

  /** What a network sees: attention compares every two positions, more at once are too dear. */
  public enum Sight {
    /** Whole images, one network pass each. */
    IMAGES(1024, 1),
    /** Tiles, of which a picture has a hundred: they must be cheap. */
    TILES(256, 20);

    private final int mostPositions;

    /** How many times as many images a larger network must see to be worth what it costs. */
    private final double dearness;

    Sight(int mostPositions, double dearness) {
      this.mostPositions = mostPositions;
      this.dearness = dearness;
    }
  }

  private static final int MEASURED_STEPS = 3;
  private static final int MEASURED_BATCH = 8;
  private static final int BLOCKS_A_LEVEL = 2;

  /** How much slower an arithmetic must be for a network not to be tried with larger ones. */
  private static final double HOPELESS = 3;

  /**
   * How long to measure.
   *
   * @param until when no further candidate is measured
   * @param stop whether somebody wants to end: then none is either
   */
  public record Measuring(InstantSource clock, Instant until, BooleanSupplier stop) {
    /** As long as it takes. */
    public static final Measuring UNBOUNDED =
        new Measuring(InstantSource.system(), Instant.MAX, () -> false);

    private boolean isOver() {
      return stop.getAsBoolean() || !clock.instant().isBefore(until);
    }
  }

  private record Candidate(String name, double fewestImages) {}

  /**
   * Measures a few training steps and decides.
   *
   * @param data the images
   * @param sight what they are
   * @param budget of the run
   * @param set values of fields that the user has chosen
   * @param workers parts of a batch side by side
   * @param measuring how long; the smallest candidate is measured in any case
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public static TrainingPlan of(
      ImageDataset data,
      Sight sight,
      Budget budget,
      Map<String, ?> set,
      Device device,
      int workers,
      Measuring measuring) {
    TrainingPlan best = null;
    Trial trial = new Trial(data, set, device, workers, measuring);
    for (Candidate candidate : CANDIDATES) {
      if (best != null && measuring.isOver()) {
        break;
      }
      FitConfiguration named =
          coarsened(FitConfiguration.named(candidate.name()), data, sight, set);
      FitConfiguration configuration;
      try {
        configuration = named.with(set);
      } catch (IllegalArgumentException e) {
        if (best == null && candidate.equals(CANDIDATES.get(CANDIDATES.size() - 1))) {
          throw e;
        }
        continue; // what is set does not fit this network; another may do
      }
      TrainingPlan plan = trial.measured(candidate.name(), configuration);
      if (best != null && plan.images(budget) < sight.dearness * candidate.fewestImages()) {
        break;
      }
      best = plan;
    }
    return Objects.requireNonNull(best, "the smallest candidate throws where it does not fit");
  }

  /** Training steps on the machine at hand. */
  private static final class Trial {
    private final ImageDataset data;
    private final Map<String, ?> set;
    private final Device device;
    private final int workers;
    private final Measuring measuring;
    private boolean hopeless;

    Trial(ImageDataset data, Map<String, ?> set, Device device, int workers, Measuring measuring) {
      this.data = data;
      this.set = set;
      this.device = device;
      this.workers = workers;
      this.measuring = measuring;
    }

    TrainingPlan measured(String name, FitConfiguration configuration) {
      if (set.containsKey("precision")) {
        return new TrainingPlan(name, configuration, millis(configuration));
      }
      FitConfiguration exact = configuration.with(Map.of("precision", Precision.FLOAT32));
      double exactMillis = millis(exact);
      if (hopeless || measuring.isOver()) {
        return new TrainingPlan(name, exact, exactMillis);
      }
      FitConfiguration coarse = configuration.with(Map.of("precision", Precision.BFLOAT16));
      double single = single(coarse);
      hopeless = single > HOPELESS * exactMillis;
      double coarseMillis = hopeless ? single : millis(coarse);
      return coarseMillis < exactMillis
          ? new TrainingPlan(name, coarse, coarseMillis)
          : new TrainingPlan(name, exact, exactMillis);
    }

    /** The fastest of a few steps, milliseconds an image. */
    private double millis(FitConfiguration configuration) {
      return millis(
          configuration, Math.min(configuration.step().batch(), MEASURED_BATCH), MEASURED_STEPS);
    }

    /** The second step on an image for each worker, milliseconds an image. */
    private double single(FitConfiguration configuration) {
      return millis(configuration, workers, 1);
    }

    private double millis(FitConfiguration configuration, int batch, int steps) {
      FitConfiguration few = configuration.with(Map.of("batch", batch));
      ModelConfiguration model = few.model(data.shape());
      try (TrainingSpeed speed = new TrainingSpeed(model, few, data, device, workers)) {
        speed.step();
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i == 0 || (i < steps && !measuring.isOver()); i++) {
          best = Math.min(best, speed.step().total() * 1e-6 / batch);
        }
        return best;
      }
    }
  }

  /** With levels that halve the resolution until the attention is affordable. */
  private static FitConfiguration coarsened(
      FitConfiguration configuration, ImageDataset data, Sight sight, Map<String, ?> set) {
    int levels = 0;
    int height = data.height();
    int width = data.width();
    while (height * width > sight.mostPositions && height % 2 == 0 && width % 2 == 0) {
      levels++;
      height /= 2;
      width /= 2;
    }
    if (levels == 0 || set.containsKey("coarse")) {
      return configuration;
    }
    ModelConfiguration.Level level =
        new ModelConfiguration.Level(2 * configuration.network().embedding(), BLOCKS_A_LEVEL);
    List<ModelConfiguration.Level> coarse = Collections.nCopies(levels, level);
    return configuration.with(Map.of("coarse", coarse, "blocks", 1));
  }

  /** How many images a run will see. */
  public double images(Budget budget) {
    return budget.images(configuration.step().batch(), millisPerImage);
  }
}
