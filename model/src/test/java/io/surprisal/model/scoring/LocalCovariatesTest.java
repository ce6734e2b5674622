package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LocalCovariatesTest {
  private static final int SIDE = 6;
  private static final List<Integer> ATOMS = List.of(0);

  /** Flat atoms, varied atoms, and levels of every class of variance, in three channels. */
  private static PixelImage image() {
    byte[] pixels = new byte[3 * SIDE * SIDE];
    for (int i = 0; i < pixels.length; i++) {
      int column = i % SIDE;
      int channel = i / (SIDE * SIDE);
      pixels[i] =
          (byte)
              (column < 3
                  ? 0
                  : 100 + new int[] {1, 8, 30}[channel] * (i * 7 % 5 - 2) + 10 * (column - 3));
    }
    return new PixelImage(3, SIDE, SIDE, pixels);
  }

  @Test
  void shouldClassifyPixelsByTheirNeighbours() {
    LocalCovariates.Traits traits = LocalCovariates.traits(image(), ATOMS);

    assertThat(traits.classes()[0]).isEqualTo((byte) 5); // a black pixel among black ones
    assertThat(traits.classes()[2]).isEqualTo((byte) 4); // one beside others
    assertThat(traits.classes()[3]).isEqualTo((byte) 3); // an edge
    double[] shares = Arrays.copyOf(traits.values(), 5);
    assertThat(Arrays.stream(shares).sum()).isCloseTo(1 - 2 / 6.0, within(1e-9));
    assertThat(traits.values()).hasSize(LocalCovariates.TRAITS);
  }

  /**
   * At any noise level the expectation of every covariate is 0: of 20 values none is more than six
   * of its standard errors away, by chance once in 10⁷.
   */
  @Test
  void shouldHaveExpectationZeroAtEveryNoiseLevel() {
    int repetitions = 4000;
    PixelImage image = image();
    LocalCovariates.Traits traits = LocalCovariates.traits(image, ATOMS);
    int dimensions = image.pixels().length;
    for (double gamma : new double[] {-12.5, -11, -10.2, -9.9, -4, 3}) {
      double[] sum = new double[LocalCovariates.COVARIATES];
      double[] squares = new double[LocalCovariates.COVARIATES];
      float[] epsilon = new float[repetitions * dimensions];
      new CounterNoise(9).fillGaussian(0, epsilon, 0, epsilon.length);
      double[] gammas = new double[repetitions];
      Arrays.fill(gammas, gamma);
      LocalCovariates.Traits[] all = new LocalCovariates.Traits[repetitions];
      Arrays.fill(all, traits);
      try (NDManager manager = NDManager.newBaseManager()) {
        NDArray noise = manager.create(epsilon, new Shape(repetitions, 3, SIDE, SIDE));
        NDArray x =
            manager.create(image.scaled(), new Shape(1, 3, SIDE, SIDE)).repeat(0, repetitions);
        for (double[] one : new LocalCovariates(manager, SIDE, SIDE).of(x, noise, gammas, all)) {
          for (int j = 0; j < one.length; j++) {
            sum[j] += one[j] / repetitions;
            squares[j] += one[j] * one[j] / repetitions;
          }
        }
      }
      for (int j = 0; j < sum.length; j++) {
        double error = Math.sqrt((squares[j] - sum[j] * sum[j]) / repetitions);
        assertThat(sum[j])
            .as("covariate %d at γ = %s", j, gamma)
            .isCloseTo(0, within(6 * error + 1e-6));
      }
    }
  }

  /** What a batch holds beside an evaluation does not change its covariates. */
  @Test
  void shouldNotDependOnTheBatch() {
    PixelImage image = image();
    LocalCovariates.Traits traits = LocalCovariates.traits(image, ATOMS);
    double[] gammas = {-13, 2, -11, -5};
    float[] epsilon = new float[4 * image.pixels().length];
    new CounterNoise(2).fillGaussian(0, epsilon, 0, epsilon.length);
    try (NDManager manager = NDManager.newBaseManager()) {
      LocalCovariates covariates = new LocalCovariates(manager, SIDE, SIDE);
      NDArray noise = manager.create(epsilon, new Shape(4, 3, SIDE, SIDE));
      NDArray x = manager.create(image.scaled(), new Shape(1, 3, SIDE, SIDE));
      LocalCovariates.Traits[] all = {traits, traits, traits, traits};
      double[][] together = covariates.of(x.repeat(0, 4), noise, gammas, all);
      for (int i = 0; i < 4; i++) {
        double[] alone =
            covariates
                .of(
                    x,
                    noise.get(i + ":" + (i + 1)),
                    new double[] {gammas[i]},
                    new LocalCovariates.Traits[] {traits})[0];
        assertThat(together[i]).containsExactly(alone, within(1e-3));
      }
    }
  }
}
