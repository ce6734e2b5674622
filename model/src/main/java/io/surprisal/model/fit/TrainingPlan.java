package io.surprisal.model.fit;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.TrainingSpeed;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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

  /** Attention compares every two positions: more of them at once are too dear. */
  private static final int MOST_ATTENTION_POSITIONS = 1024;

  private static final int MEASURED_STEPS = 3;
  private static final int MEASURED_BATCH = 8;
  private static final int BLOCKS_A_LEVEL = 2;

  private record Candidate(String name, double fewestImages) {}

  /**
   * Measures a few training steps and decides.
   *
   * @param data the images
   * @param budget of the run
   * @param set values of fields that the user has chosen
   * @param workers parts of a batch side by side
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public static TrainingPlan of(
      ImageDataset data, Budget budget, Map<String, ?> set, Device device, int workers) {
    TrainingPlan best = null;
    for (Candidate candidate : CANDIDATES) {
      FitConfiguration named = forImages(FitConfiguration.named(candidate.name()), data, set);
      FitConfiguration configuration;
      try {
        configuration = named.with(set);
      } catch (IllegalArgumentException e) {
        if (best == null && candidate.equals(CANDIDATES.get(CANDIDATES.size() - 1))) {
          throw e;
        }
        continue; // what is set does not fit this network; another may do
      }
      TrainingPlan plan = measured(candidate.name(), configuration, data, set, device, workers);
      if (best != null && plan.images(budget) < candidate.fewestImages()) {
        break;
      }
      best = plan;
    }
    return Objects.requireNonNull(best, "the smallest candidate throws where it does not fit");
  }

  private static TrainingPlan measured(
      String name,
      FitConfiguration configuration,
      ImageDataset data,
      Map<String, ?> set,
      Device device,
      int workers) {
    if (set.containsKey("precision")) {
      return new TrainingPlan(name, configuration, millis(configuration, data, device, workers));
    }
    FitConfiguration exact = configuration.with(Map.of("precision", Precision.FLOAT32));
    FitConfiguration coarse = configuration.with(Map.of("precision", Precision.BFLOAT16));
    double exactMillis = millis(exact, data, device, workers);
    double coarseMillis = millis(coarse, data, device, workers);
    return coarseMillis < exactMillis
        ? new TrainingPlan(name, coarse, coarseMillis)
        : new TrainingPlan(name, exact, exactMillis);
  }

  /** The fastest of a few steps, milliseconds an image. */
  private static double millis(
      FitConfiguration configuration, ImageDataset data, Device device, int workers) {
    FitConfiguration few =
        configuration.with(Map.of("batch", Math.min(configuration.step().batch(), MEASURED_BATCH)));
    ModelConfiguration model = few.model(data.shape());
    try (TrainingSpeed speed = new TrainingSpeed(model, few, data, device, workers)) {
      speed.step();
      double[] millis = new double[MEASURED_STEPS];
      Arrays.setAll(millis, i -> speed.step().total() * 1e-6 / few.step().batch());
      return Arrays.stream(millis).min().orElseThrow();
    }
  }

  /** With levels that halve the resolution until the attention is affordable. */
  private static FitConfiguration forImages(
      FitConfiguration configuration, ImageDataset data, Map<String, ?> set) {
    int levels = 0;
    int height = data.height();
    int width = data.width();
    while (height * width > MOST_ATTENTION_POSITIONS && height % 2 == 0 && width % 2 == 0) {
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
