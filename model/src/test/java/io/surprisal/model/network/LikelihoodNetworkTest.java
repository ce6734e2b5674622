package io.surprisal.model.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.network.ModelConfiguration.FourierOrder;
import io.surprisal.model.network.ModelConfiguration.Level;
import io.surprisal.model.network.ModelConfiguration.Prediction;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.runtime.Convolutions;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LikelihoodNetworkTest {
  private static final int BATCH = 3;

  static Stream<ModelConfiguration> configurations() {
    return Stream.of(
        TinyModels.grey(),
        TinyModels.configuration(1, 8, 8, List.of(), Schedule.FIXED_LINEAR),
        TinyModels.configuration(3, 4, 6, List.of(5, 6), Schedule.FIXED_LINEAR),
        TinyModels.configuration(3, 7, 3, List.of(), Schedule.LEARNED_SCALAR),
        TinyModels.configuration(1, 1, 5, List.of(0, 3, 7), Schedule.LEARNED_SCALAR),
        new ModelConfiguration(
            3, 5, 4, 12, 3, 3, 1e-6, List.of(6), 0.1, -6, 7, Schedule.LEARNED_SCALAR),
        everything(Prediction.EPSILON),
        everything(Prediction.V));
  }

  /**
   * A coarser level, several heads, attention in every block, a conditioning input, a monotone
   * schedule.
   */
  private static ModelConfiguration everything(Prediction prediction) {
    return new ModelConfiguration(
        3,
        6,
        4,
        12,
        2,
        List.of(new Level(18, 1)),
        3,
        true,
        3,
        1e-6,
        List.of(5, 6, 7),
        FourierOrder.CHANNEL_MAJOR,
        true,
        prediction,
        0,
        -13.3,
        5,
        Schedule.LEARNED_MONOTONE);
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void shouldPredictItsInputBeforeTraining(ModelConfiguration configuration) {
    try (LikelihoodNetwork network = new LikelihoodNetwork(configuration, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      float[] z = gaussian(BATCH * configuration.dimensions());
      NDArray predicted =
          network.predict(
              manager.create(z, shape(configuration, BATCH)),
              manager.create(new float[] {-13, 0, 5}),
              networkParameters(manager, configuration, InitialParameters.draw(configuration, 3)));
      assertThat(predicted.getShape()).isEqualTo(shape(configuration, BATCH));
      assertThat(predicted.toFloatArray())
          .isEqualTo(configuration.prediction() == Prediction.V ? new float[z.length] : z);
    }
  }

  /** W [e, c] + b = W [e, 0] + (b + c w) with w the last column of W. */
  @Test
  void shouldJoinTheConditioningValueToTheTimeEmbedding() {
    ModelConfiguration c =
        new ModelConfiguration(
            1,
            4,
            4,
            8,
            1,
            List.of(),
            1,
            false,
            2,
            1e-6,
            List.of(6, 7),
            ModelConfiguration.FourierOrder.CHANNEL_MAJOR,
            true,
            ModelConfiguration.Prediction.EPSILON,
            0,
            -13.3,
            5,
            Schedule.FIXED_LINEAR);
    float[] values = TinyModels.trained(c, 3);
    float conditioning = -1.5f;
    float[] moved = values.clone();
    int bias = ParameterLayout.of(c).entries().get(1).offset();
    for (int row = 0; row < 32; row++) {
      moved[bias + row] += conditioning * values[row * 9 + 8];
    }
    try (LikelihoodNetwork network = new LikelihoodNetwork(c, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray z = manager.create(gaussian(c.dimensions()), shape(c, 1));
      NDArray gamma = manager.create(new float[] {-2});
      NDArray given = manager.create(new float[] {conditioning});

      float[] conditioned = network.predict(z, gamma, given, manager.create(values)).toFloatArray();
      float[] unconditioned = network.predict(z, gamma, manager.create(values)).toFloatArray();
      float[] biased = network.predict(z, gamma, manager.create(moved)).toFloatArray();

      float effect = 0;
      for (int i = 0; i < conditioned.length; i++) {
        assertThat(conditioned[i]).isCloseTo(biased[i], within(1e-5f));
        effect = Math.max(effect, Math.abs(conditioned[i] - unconditioned[i]));
      }
      assertThat(effect).isGreaterThan(1e-3f);
    }
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void shouldPredictTheSameInEveryBatch(ModelConfiguration configuration) {
    int d = configuration.dimensions();
    try (LikelihoodNetwork network = new LikelihoodNetwork(configuration, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      float[] z = gaussian(BATCH * d);
      float[] gamma = {-13, -2, 4};
      NDArray parameters =
          networkParameters(manager, configuration, TinyModels.trained(configuration, 3));
      float[] together =
          network
              .predict(
                  manager.create(z, shape(configuration, BATCH)), manager.create(gamma), parameters)
              .toFloatArray();
      assertThat(together).isNotEqualTo(z);
      for (int i = 0; i < BATCH; i++) {
        float[] alone =
            network
                .predict(
                    manager.create(
                        Arrays.copyOfRange(z, i * d, (i + 1) * d), shape(configuration, 1)),
                    manager.create(new float[] {gamma[i]}),
                    parameters)
                .toFloatArray();
        for (int j = 0; j < d; j++) {
          assertThat(alone[j]).isCloseTo(together[i * d + j], within(1e-5f));
        }
      }
    }
  }

  @Test
  void shouldDependOnTheNoiseLevel() {
    ModelConfiguration configuration = TinyModels.grey();
    try (LikelihoodNetwork network = new LikelihoodNetwork(configuration, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray z = manager.create(gaussian(64), shape(configuration, 1));
      NDArray parameters =
          networkParameters(manager, configuration, TinyModels.trained(configuration, 3));
      NDArray low = network.predict(z, manager.create(new float[] {-10}), parameters);
      NDArray high = network.predict(z, manager.create(new float[] {3}), parameters);
      assertThat(low.sub(high).abs().max().getFloat()).isGreaterThan(1e-4f);
    }
  }

  @Test
  void shouldDependOnTheConditioningInput() {
    ModelConfiguration configuration = everything(Prediction.EPSILON);
    try (LikelihoodNetwork network = new LikelihoodNetwork(configuration, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray z = manager.create(gaussian(configuration.dimensions()), shape(configuration, 1));
      NDArray gamma = manager.create(new float[] {-3});
      NDArray parameters =
          networkParameters(manager, configuration, TinyModels.trained(configuration, 3));
      float[] without = network.predict(z, gamma, parameters).toFloatArray();
      assertThat(
              network.predict(z, gamma, manager.create(new float[] {0}), parameters).toFloatArray())
          .isEqualTo(without);
      assertThat(
              network.predict(z, gamma, manager.create(new float[] {2}), parameters).toFloatArray())
          .isNotEqualTo(without);
    }
  }

  /** Eight bits of mantissa in the hidden layers, and float32 around them. */
  @ParameterizedTest
  @MethodSource("configurations")
  void shouldPredictNearlyTheSameInBfloat16(ModelConfiguration configuration) {
    float[] z = gaussian(configuration.dimensions());
    float[] parameters = TinyModels.trained(configuration, 3);
    float[] exact = predict(configuration, Precision.FLOAT32, parameters, z);
    float[] coarse = predict(configuration, Precision.BFLOAT16, parameters, z);
    double error = 0;
    double signal = 0;
    for (int i = 0; i < z.length; i++) {
      double base = configuration.prediction() == Prediction.V ? 0 : z[i];
      error += Math.pow(coarse[i] - exact[i], 2);
      signal += Math.pow(exact[i] - base, 2);
    }
    assertThat(coarse).isNotEqualTo(exact);
    assertThat(Math.sqrt(error / signal)).isLessThan(0.02);
  }

  /** Against float64, whose convolutions are not oneDNN's. Memory holds no numbers before. */
  @ParameterizedTest
  @MethodSource("configurations")
  void shouldPredictTheSameWhereChannelsAreFilledUp(ModelConfiguration configuration) {
    float[] z = gaussian(BATCH * configuration.dimensions());
    float[] values = TinyModels.trained(configuration, 3);
    double[] exact;
    try (LikelihoodNetwork network =
            new LikelihoodNetwork(configuration, Device.cpu(), false, Precision.FLOAT64);
        NDManager manager = network.manager().newSubManager()) {
      exact =
          network
              .predict(
                  manager.create(z, shape(configuration, BATCH)),
                  manager.create(new float[] {-13, -2, 4}),
                  networkParameters(manager, configuration, values).toType(DataType.FLOAT64, false))
              .toDoubleArray();
    }
    for (int block : new int[] {16, Convolutions.block(Device.cpu())}) {
      try (LikelihoodNetwork network =
              new LikelihoodNetwork(configuration, Device.cpu(), false, Precision.FLOAT32, block);
          NDManager manager = network.manager().newSubManager()) {
        NDArray noisy = manager.create(z, shape(configuration, BATCH));
        NDArray gamma = manager.create(new float[] {-13, -2, 4});
        NDArray parameters = networkParameters(manager, configuration, values);
        leaveNoNumbersInMemory(manager, configuration);
        float[] predicted = network.predict(noisy, gamma, parameters).toFloatArray();
        for (int i = 0; i < z.length; i++) {
          assertThat(predicted[i]).isCloseTo((float) exact[i], within(2e-5f));
        }
      }
    }
  }

  private static void leaveNoNumbersInMemory(NDManager manager, ModelConfiguration c) {
    try (NDManager freed = manager.newSubManager()) {
      for (int channels = 16; channels <= 64; channels += 16) {
        for (int i = 0; i < 4; i++) {
          freed.full(new Shape(BATCH, channels, c.height(), c.width()), Float.NaN);
          freed.full(new Shape(channels, channels, 3, 3), Float.NaN);
        }
      }
    }
  }

  private static float[] predict(
      ModelConfiguration configuration, Precision precision, float[] parameters, float[] z) {
    try (LikelihoodNetwork network =
            new LikelihoodNetwork(configuration, Device.cpu(), false, precision);
        NDManager manager = network.manager().newSubManager()) {
      return network
          .predict(
              manager.create(z, shape(configuration, 1)),
              manager.create(new float[] {-3}),
              networkParameters(manager, configuration, parameters))
          .toFloatArray();
    }
  }

  @Test
  void shouldDropUnitsOnlyInTraining() {
    ModelConfiguration configuration =
        new ModelConfiguration(
            1, 8, 8, 8, 1, 4, 1e-5, List.of(), 0.5, -13.3, 5, Schedule.FIXED_LINEAR);
    float[] parameters = TinyModels.trained(configuration, 3);
    float[] z = gaussian(64);
    assertThat(predict(configuration, false, parameters, z, 1))
        .isEqualTo(predict(configuration, false, parameters, z, 2));
    assertThat(predict(configuration, true, parameters, z, 1))
        .isEqualTo(predict(configuration, true, parameters, z, 1))
        .isNotEqualTo(predict(configuration, true, parameters, z, 2));
  }

  private static float[] predict(
      ModelConfiguration configuration, boolean training, float[] parameters, float[] z, int seed) {
    try (LikelihoodNetwork network = new LikelihoodNetwork(configuration, Device.cpu(), training);
        NDManager manager = network.manager().newSubManager()) {
      TorchRuntime.engine().setRandomSeed(seed);
      return network
          .predict(
              manager.create(z, shape(configuration, 1)),
              manager.create(new float[] {-3}),
              networkParameters(manager, configuration, parameters))
          .toFloatArray();
    }
  }

  @Test
  void shouldRefuseMoreParametersThanAnArrayHolds() {
    ModelConfiguration huge =
        new ModelConfiguration(
            1, 8, 8, 4096, 256, 1, 1e-5, List.of(), 0, -13.3, 5, Schedule.FIXED_LINEAR);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ParameterLayout.of(huge))
        .withMessageContaining("embedding and blocks");
  }

  private static NDArray networkParameters(
      NDManager manager, ModelConfiguration configuration, float[] flat) {
    int split = ParameterLayout.of(configuration).scheduleSize();
    return manager.create(Arrays.copyOfRange(flat, split, flat.length));
  }

  private static Shape shape(ModelConfiguration c, int batch) {
    return new Shape(batch, c.channels(), c.height(), c.width());
  }

  private static float[] gaussian(int n) {
    Random random = new Random(11);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
