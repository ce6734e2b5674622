package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class ModelTrainerTest {
  public static final FitConfiguration FIT =
      FitConfiguration.parse(
          "{\"embedding\": 8, \"blocks\": 1, \"groups\": 4, \"dropout\": 0.2, \"batch\": 6,"
              + " \"schedule\": \"LEARNED_SCALAR\","
              + " \"warmupSteps\": 3, \"learningRate\": 0.003}");

  private static final ModelConfiguration MODEL = FIT.model(new ImageShape(1, 8, 8));
  private static final ImageDataset DATA = TinyModels.noiseDataset(MODEL, 20);
  private static final int[] BATCH = {0, 1, 2, 3, 4, 5};

  private static ModelTrainer trainer(FitConfiguration fit) {
    return new ModelTrainer(fit.model(new ImageShape(1, 8, 8)), fit, Device.cpu(), 1, 7);
  }

  @Test
  void shouldGoOnFromAStateExactly() {
    ModelTrainer.State whole;
    ModelTrainer.State half;
    try (ModelTrainer trainer = trainer(FIT)) {
      for (int step = 0; step < 6; step++) {
        trainer.step(DATA, BATCH, 1);
      }
      whole = trainer.state();
    }
    try (ModelTrainer trainer = trainer(FIT)) {
      for (int step = 0; step < 3; step++) {
        trainer.step(DATA, BATCH, 1);
      }
      half = trainer.state();
    }
    try (ModelTrainer trainer = new ModelTrainer(MODEL, FIT, Device.cpu(), 1, 7, half)) {
      for (int step = 3; step < 6; step++) {
        trainer.step(DATA, BATCH, 1);
      }
      assertThat(trainer.state()).isEqualTo(whole).isNotEqualTo(half);
    }
  }

  /** Gradients of parts are added in float32, which rounds differently from one part. */
  @ParameterizedTest
  @ValueSource(strings = {"LEARNED_SCALAR", "LEARNED_MONOTONE", "FIXED_LINEAR"})
  void shouldFindTheSameGradientHoweverManyWorkersShareTheBatch(String schedule) {
    FitConfiguration fit = FIT.with(Map.of("dropout", 0, "schedule", schedule));
    ModelConfiguration model = fit.model(new ImageShape(1, 8, 8));
    float[] one = gradient(model, fit, 1);
    for (int workers : new int[] {2, 4, 6, 9}) {
      assertThat(gradient(model, fit, workers)).containsExactly(one, within(2e-5f));
    }
    assertThat(gradient(model, fit, 4)).isEqualTo(gradient(model, fit, 4));
  }

  private static float[] gradient(ModelConfiguration model, FitConfiguration fit, int workers) {
    float[] start = TinyModels.trained(model, 5);
    float[] zero = new float[start.length];
    try (ModelTrainer trainer =
            new ModelTrainer(
                model,
                fit,
                Device.cpu(),
                workers,
                7,
                new ModelTrainer.State(0, start, start, zero, zero));
        NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      Shape shape = new Shape(6, 1, 8, 8);
      float[] noise = new float[2 * 6 * 64];
      new CounterNoise(3).fillGaussian(0, noise, 0, noise.length);
      float[] levels = new float[6 * 64];
      for (int i = 0; i < levels.length; i++) {
        levels[i] = DATA.image(i / 64).pixels()[i % 64] & 0xff;
      }
      return trainer
          .gradient(
              manager,
              manager.create(levels, shape),
              new double[] {0.1, 0.9, 0.4, 0.3, 0.7, 0.5},
              manager.create(Arrays.copyOfRange(noise, 0, 6 * 64), shape),
              manager.create(Arrays.copyOfRange(noise, 6 * 64, 2 * 6 * 64), shape))
          .flat()
          .toFloatArray();
    }
  }

  @Test
  void shouldGoOnExactlyWithTwoWorkersAndMuon() {
    FitConfiguration fit = FIT.with(Map.of("dropout", 0, "optimizer", "MUON"));
    ModelTrainer.State whole = twoWorkers(fit, 6, Optional.empty());
    ModelTrainer.State half = twoWorkers(fit, 3, Optional.empty());

    assertThat(twoWorkers(fit, 3, Optional.of(half))).isEqualTo(whole).isNotEqualTo(half);
    assertThat(twoWorkers(fit.with(Map.of("optimizer", "ADAMW")), 6, Optional.empty()))
        .isNotEqualTo(whole);
  }

  private static ModelTrainer.State twoWorkers(
      FitConfiguration fit, int steps, Optional<ModelTrainer.State> from) {
    ModelConfiguration model = fit.model(new ImageShape(1, 8, 8));
    try (ModelTrainer trainer =
        from.isPresent()
            ? new ModelTrainer(model, fit, Device.cpu(), 2, 7, from.get())
            : new ModelTrainer(model, fit, Device.cpu(), 2, 7)) {
      for (int step = 0; step < steps; step++) {
        trainer.step(DATA, BATCH, 1);
        assertThat(trainer.times().forward()).isPositive();
        assertThat(trainer.times().total()).isGreaterThan(trainer.times().backward());
      }
      return trainer.state();
    }
  }

  /** rate_n = min(averageRate, 1 − (1 + n)^−¾) after step n. */
  @Test
  void shouldAverageTheParametersOverAGrowingPast() {
    FitConfiguration fit = FitConfiguration.parse("{\"embedding\": 8, \"averageRate\": 0.6}");
    double[] expected;
    try (ModelTrainer trainer = trainer(fit)) {
      float[] start = trainer.parameters();
      assertThat(start).isEqualTo(InitialParameters.draw(fit.model(new ImageShape(1, 8, 8)), 7));
      expected = new double[start.length];
      Arrays.setAll(expected, i -> start[i]);
      for (int n = 1; n <= 5; n++) {
        trainer.step(DATA, BATCH, 1);
        double rate = Math.min(0.6, 1 - Math.pow(1 + n, -0.75));
        float[] now = trainer.parameters();
        Arrays.setAll(expected, i -> rate * expected[i] + (1 - rate) * now[i]);
      }
      float[] average = trainer.averagedParameters();
      for (int i = 0; i < average.length; i++) {
        assertThat((double) average[i]).isCloseTo(expected[i], within(2e-6));
      }
    }
  }

  @Test
  void shouldNotMoveAtRateZero() {
    try (ModelTrainer trainer = trainer(FIT)) {
      ModelTrainer.State before = trainer.state();
      trainer.step(DATA, BATCH, 0);
      assertThat(trainer.parameters()).isEqualTo(before.parameters());
    }
  }

  @Test
  void shouldStopBeforeParametersAreSpoilt() {
    float[] parameters = InitialParameters.draw(MODEL, 7);
    parameters[parameters.length - 1] = 1e30f;
    ModelTrainer.State state =
        new ModelTrainer.State(
            4, parameters, parameters, new float[parameters.length], new float[parameters.length]);
    try (ModelTrainer trainer = new ModelTrainer(MODEL, FIT, Device.cpu(), 1, 7, state)) {
      assertThatExceptionOfType(ArithmeticException.class)
          .isThrownBy(() -> trainer.step(DATA, BATCH, 1))
          .withMessageContaining("diverged at step 4: bits/dim Infinity")
          .withMessageContaining("lower the learning rate");
      assertThat(trainer.state()).isEqualTo(state);
    }
  }

  @Test
  void shouldUseThePixelsOfTheBatch() {
    ImageDataset black = TinyModels.dataset(MODEL, 20, i -> new PixelImage(1, 8, 8, new byte[64]));
    try (ModelTrainer one = trainer(FIT);
        ModelTrainer other = trainer(FIT)) {
      // E[x²] is 1 for black and ⅓ for noise, and the untrained network pays for it
      assertThat(one.step(black, BATCH, 1).bitsPerDim())
          .isGreaterThan(other.step(DATA, BATCH, 1).bitsPerDim() + 2);
    }
  }

  /** A step is the same on images that are their own mirror images, and another on others. */
  @Test
  void shouldMirrorImagesByChanceWhereAskedTo() {
    FitConfiguration plain = FIT.with(Map.of("dropout", 0));
    FitConfiguration flipped = plain.with(Map.of("flip", true));
    ImageDataset symmetric =
        TinyModels.dataset(
            MODEL,
            20,
            i -> {
              byte[] pixels = TinyModels.noise(MODEL, i).pixels().clone();
              for (int p = 0; p < pixels.length; p++) {
                pixels[p] = pixels[p % 8 < 4 ? p : p - p % 8 + 7 - p % 8];
              }
              return new PixelImage(1, 8, 8, pixels);
            });
    assertThat(stateAfterOneStep(flipped, symmetric))
        .isEqualTo(stateAfterOneStep(plain, symmetric));
    assertThat(stateAfterOneStep(flipped, DATA)).isNotEqualTo(stateAfterOneStep(plain, DATA));
  }

  private static ModelTrainer.State stateAfterOneStep(FitConfiguration fit, ImageDataset data) {
    try (ModelTrainer trainer = trainer(fit)) {
      trainer.step(data, BATCH, 1);
      return trainer.state();
    }
  }

  /** At one noise level for all, the weighted loss's gradient is the bound's times its weight. */
  @Test
  void shouldWeighNoiseLevelsForTheNetworkButNotForTheSchedule() {
    double gamma = -13.3 + 18.3 * 0.6;
    float[] bound = gradientAt(0.6, Weighting.BOUND);
    float[] weighted = gradientAt(0.6, Weighting.PERCEPTUAL);
    double weight = 1 / Math.cosh(gamma / 2);
    assertThat(weighted).hasSameSizeAs(bound);
    for (int i = 0; i < bound.length; i++) {
      double expected = i < 2 ? bound[i] : weight * bound[i];
      assertThat((double) weighted[i])
          .as("gradient " + i)
          .isCloseTo(expected, within(1e-5 + 1e-4 * Math.abs(expected)));
    }
  }

  private static float[] gradientAt(double time, Weighting weighting) {
    FitConfiguration fit = FIT.with(Map.of("dropout", 0, "weighting", weighting));
    float[] parameters = TinyModels.trained(MODEL, 3);
    ModelTrainer.State state =
        new ModelTrainer.State(
            0, parameters, parameters, new float[parameters.length], new float[parameters.length]);
    float[] noise = new float[2 * 64];
    new CounterNoise(5).fillGaussian(0, noise, 0, noise.length);
    try (ModelTrainer trainer =
            new ModelTrainer(fit.model(new ImageShape(1, 8, 8)), fit, Device.cpu(), 1, 7, state);
        NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      Shape shape = new Shape(2, 1, 8, 8);
      NDArray epsilon = manager.create(noise, shape);
      return trainer
          .gradient(manager, manager.full(shape, 100f), new double[] {time, time}, epsilon, epsilon)
          .flat()
          .toFloatArray();
    }
  }
}
