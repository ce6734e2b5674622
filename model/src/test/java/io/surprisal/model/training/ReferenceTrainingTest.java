package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.ParityFixture;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.network.TorchRuntime;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Twenty steps of training, with the learned schedule, against an implementation that nobody here
 * wrote, run in double precision on the same images, times and noise.
 */
class ReferenceTrainingTest {
  private static final int STEPS = 20;
  private static final int BATCH = 4;
  private static final Shape SHAPE = new Shape(BATCH, 3, 8, 8);
  private static final int SIZE = BATCH * 3 * 8 * 8;

  private static final FitConfiguration FIT =
      new FitConfiguration(
          16,
          1,
          4,
          1e-5,
          List.of(5, 6),
          0,
          -13.3,
          5,
          Schedule.LEARNED_SCALAR,
          BATCH,
          2e-3,
          0.01,
          1,
          0,
          0,
          0.9);

  @Test
  void shouldTakeTheTwentyStepsOfTheReference() throws IOException {
    Map<String, float[]> tensors = ParityFixture.tensors("train20_3x8x8_scalar");
    JsonNode expected = ParityFixture.json("train20_manifest.json").path("variants").path("f64");
    ModelConfiguration configuration = FIT.model(3, 8, 8);
    float[] initial = parameters(tensors, "init.");
    ModelTrainer.State start =
        new ModelTrainer.State(
            0, initial, initial, new float[initial.length], new float[initial.length]);
    try (ModelTrainer trainer = new ModelTrainer(configuration, FIT, Device.cpu(), 1, start)) {
      for (int step = 0; step < STEPS; step++) {
        ModelTrainer.Step actual = step(trainer, tensors, step);
        double loss = expected.path("loss").get(step).asDouble();
        double norm = expected.path("grad_norm_preclip").get(step).asDouble();
        assertThat(actual.bitsPerDim()).isCloseTo(loss, within(5e-6 * loss));
        assertThat(actual.gradientNorm()).isCloseTo(norm, within(1e-4 * norm));
        float[] now = trainer.parameters();
        assertThat((double) now[0])
            .isCloseTo(expected.path("gamma_b").get(step).asDouble(), within(2e-5));
        assertThat((double) now[1])
            .isCloseTo(expected.path("gamma_w").get(step).asDouble(), within(2e-5));
      }
      float[] reference = parameters(tensors, "final_f64.");
      double moved = distance(initial, reference);
      assertThat(distance(trainer.parameters(), reference)).isLessThan(5e-4 * moved);
    }
  }

  private static ModelTrainer.Step step(
      ModelTrainer trainer, Map<String, float[]> tensors, int step) {
    try (NDManager manager = TorchRuntime.engine().newBaseManager(Device.cpu())) {
      return trainer.step(
          manager,
          part(manager, tensors.get("img_u8"), step),
          manager.create(Arrays.copyOfRange(tensors.get("t"), step * BATCH, (step + 1) * BATCH)),
          part(manager, tensors.get("eps"), step),
          part(manager, tensors.get("eps_0"), step),
          1);
    }
  }

  private static NDArray part(NDManager manager, float[] values, int step) {
    return manager.create(Arrays.copyOfRange(values, step * SIZE, (step + 1) * SIZE), SHAPE);
  }

  private static float[] parameters(Map<String, float[]> tensors, String prefix) {
    float[] schedule = ParityFixture.flat(tensors, prefix + "gamma.");
    float[] network = ParityFixture.flat(tensors, prefix + "model.");
    float[] flat = Arrays.copyOf(schedule, schedule.length + network.length);
    System.arraycopy(network, 0, flat, schedule.length, network.length);
    return flat;
  }

  private static double distance(float[] a, float[] b) {
    assertThat(a).hasSameSizeAs(b);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.pow((double) a[i] - b[i], 2);
    }
    return Math.sqrt(sum);
  }
}
