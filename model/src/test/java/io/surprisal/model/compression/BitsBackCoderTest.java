package io.surprisal.model.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.diffusion.LinearSchedule;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitsBackCoderTest {
  private static final int DIMENSIONS = 4096;
  private static final int IMAGES = 6;

  /** So much noise at the end that the prior costs less than 1e-5 bits/dim. */
  private static final LinearSchedule SCHEDULE = LinearSchedule.fixed(-13.3, 14);

  /** Knows the only image there is, and so the true posterior. */
  private record Oracle(byte[] image) implements NoisePredictor {
    @Override
    public int batch() {
      return 1;
    }

    @Override
    public double[] predict(double[] z, double gamma) {
      double alpha = Math.sqrt(1 / (1 + Math.exp(gamma)));
      double sigma = Math.sqrt(1 / (1 + Math.exp(-gamma)));
      double[] noise = new double[z.length];
      for (int d = 0; d < z.length; d++) {
        noise[d] = (z[d] - alpha * PixelLevels.scaled(image[d] & 0xff)) / sigma;
      }
      return noise;
    }
  }

  /** Predicts no noise at all, and so is wrong by as much as one can be. */
  private record Ignorant(int batch) implements NoisePredictor {
    @Override
    public double[] predict(double[] z, double gamma) {
      return new double[z.length];
    }
  }

  private static byte[] noise(long seed, int dimensions) {
    byte[] image = new byte[dimensions];
    new Random(seed).nextBytes(image);
    return image;
  }

  // What the bins make of single values scatters, and needs as many values to average out: these
  // give 6e-4 at T = 1000, and less with fewer steps.
  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1000})
  void shouldCostNothingForTheDiffusionWhereTheModelKnowsTheTruePosterior(int steps) {
    DiscreteChain chain = new DiscreteChain(SCHEDULE, steps, CodingModel.RESOLUTION);
    byte[] image = noise(1, DIMENSIONS);
    BitsBackCoder coder = new BitsBackCoder(chain, new Oracle(image), DIMENSIONS);
    Message message = Message.empty(1);

    double beyond = 0;
    for (int i = 0; i < IMAGES; i++) {
      CodeLength length =
          coder
              .encode(new Message[] {message}, new byte[][] {image}, new long[] {i}, images -> {})[
              0];
      beyond += length.net() - length.bound(); // that has prior and reconstruction alone
    }
    Message read = Message.of(message.content(), 1);
    for (int i = 0; i < IMAGES; i++) {
      assertThat(coder.decode(new Message[] {read}, new long[] {IMAGES - 1 - i}, images -> {})[0])
          .isEqualTo(image);
    }

    assertThat(read.requireInitial(0)).isEmpty();
    assertThat(beyond / IMAGES / DIMENSIONS).isCloseTo(0, within(1e-3));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 30})
  void shouldGiveEveryImageBackHoweverWrongTheModel(int steps) {
    int dimensions = 60;
    DiscreteChain chain = new DiscreteChain(SCHEDULE, steps, CodingModel.RESOLUTION);
    BitsBackCoder coder = new BitsBackCoder(chain, new Ignorant(3), dimensions);
    Message[] messages = {Message.empty(5), Message.empty(6)};
    byte[][] first = {new byte[dimensions], noise(2, dimensions)};
    byte[][] second = {noise(3, dimensions), noise(4, dimensions)};

    coder.encode(messages, first, new long[] {1, 2}, images -> {});
    coder.encode(messages, second, new long[] {3, 4}, images -> {});

    assertThat(coder.decode(messages, new long[] {3, 4}, images -> {})).isDeepEqualTo(second);
    assertThat(coder.decode(messages, new long[] {1, 2}, images -> {})).isDeepEqualTo(first);
    for (Message message : messages) {
      assertThat(message.netBits()).isEqualTo(0);
    }
  }
}
