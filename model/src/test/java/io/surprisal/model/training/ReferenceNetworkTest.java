package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.ParityFixture;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The network, the bound and its gradient against an implementation that nobody here wrote. */
class ReferenceNetworkTest {
  private static final ModelConfiguration CONFIGURATION =
      new ModelConfiguration(
          1,
          28,
          28,
          32,
          4,
          8,
          1e-5,
          List.of(5, 6),
          0,
          -13.3,
          5,
          ModelConfiguration.Schedule.FIXED_LINEAR);
  private static final Shape SHAPE = new Shape(4, 1, 28, 28);
  private static final double BITS = 784 * Math.log(2);

  @Test
  void shouldPredictTheNoiseThatTheReferencePredicts() throws IOException {
    ParityFixture fixture = ParityFixture.read("r1_28x28x1_fixed");
    try (LikelihoodNetwork network = new LikelihoodNetwork(CONFIGURATION, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray predicted =
          network.predict(
              manager.create(fixture.tensor("z_t.f64"), SHAPE),
              manager.create(fixture.tensor("gamma_t.f64")),
              manager.create(fixture.flat("param.model.")));
      float[] actual = predicted.toFloatArray();
      float[] expected = fixture.tensor("eps_hat.f64");
      double largest = 0;
      double sum = 0;
      for (int i = 0; i < actual.length; i++) {
        double difference = Math.abs(actual[i] - expected[i]);
        largest = Math.max(largest, difference);
        sum += difference * difference;
      }
      assertThat(largest).isLessThan(3e-4);
      assertThat(Math.sqrt(sum / actual.length)).isLessThan(5e-5);
    }
  }

  @Test
  void shouldGiveTheThreeTermsOfTheReference() throws IOException {
    ParityFixture fixture = ParityFixture.read("r1_28x28x1_fixed");
    try (LikelihoodNetwork network = new LikelihoodNetwork(CONFIGURATION, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray parameters = manager.create(fixture.flat("param.model."));
      VariationalBound bound =
          new VariationalBound(
              new NoiseSchedule(CONFIGURATION, parameters, manager),
              (z, gamma) -> network.predict(z, gamma, parameters));
      NDArray levels = manager.create(fixture.tensor("img_u8"), SHAPE);
      NDArray x = VariationalBound.scale(levels);
      assertBits(bound.prior(x), fixture.scalar("bpd_prior"));
      assertBits(
          bound.reconstruction(levels, manager.create(fixture.tensor("eps_0"), SHAPE)),
          fixture.scalar("bpd_recon"));
      assertBits(
          bound
              .diffusion(
                  x,
                  manager.create(fixture.tensor("t")),
                  manager.create(fixture.tensor("eps"), SHAPE))
              .loss(),
          fixture.scalar("bpd_diff_cont"));
    }
  }

  private static void assertBits(NDArray nats, double[] expected) {
    float[] actual = nats.toFloatArray();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i] / BITS).isCloseTo(expected[i], within(1e-5 * expected[i] + 2e-8));
    }
  }

  @Test
  void shouldGiveTheGradientOfTheReference() throws IOException {
    ParityFixture fixture = ParityFixture.read("r1_28x28x1_fixed");
    float[] parameters = fixture.flat("param.model.");
    ModelTrainer.State state =
        new ModelTrainer.State(
            0, parameters, parameters, new float[parameters.length], new float[parameters.length]);
    try (ModelTrainer trainer =
            new ModelTrainer(
                CONFIGURATION, FitConfiguration.named("small"), Device.cpu(), 1, state);
        NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      ModelTrainer.Gradient gradient =
          trainer.gradient(
              manager,
              manager.create(fixture.tensor("img_u8"), SHAPE),
              manager.create(fixture.tensor("t")),
              manager.create(fixture.tensor("eps"), SHAPE),
              manager.create(fixture.tensor("eps_0"), SHAPE));
      double expectedLoss = fixture.scalar("loss_mean")[0];
      assertThat(gradient.bitsPerDim()).isCloseTo(expectedLoss, within(5e-6 * expectedLoss));
      float[] actual = gradient.flat().toFloatArray();
      float[] expected = fixture.flat("grad.model.");
      assertThat(actual).hasSameSizeAs(expected);
      double norm = 0;
      double difference = 0;
      for (int i = 0; i < actual.length; i++) {
        norm += (double) expected[i] * expected[i];
        difference += Math.pow(actual[i] - expected[i], 2);
      }
      assertThat(Math.sqrt(difference / norm)).isLessThan(1e-4);
    }
  }
}
