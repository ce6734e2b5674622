package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole bound of pixels of known probabilities, with the optimal denoiser, bits/dim. Equally
 * likely levels cost 8 bits and KL(q(z₁)‖N(0, I)), whatever way the bound takes to say so.
 */
class DiscretePixelsBoundTest {
  private static final double LN2 = Math.log(2);

  @ParameterizedTest
  @CsvSource({
    "-13.3, 5, 0.0104123553, 0.0016254945, 22.4937035987, 8.7599744327, 8.0610442209, 7.9879693523, 8.0000072020",
    "-6, 7, 4.6542025989, 0.0002193577, 5.9548093096, 3.5249999481, NaN, 3.3455781765, 8.0000001331"
  })
  void shouldCostEightBitsWhereLevelsAreEquallyLikely(
      double gammaMin,
      double gammaMax,
      double reconstruction,
      double prior,
      double ten,
      double hundred,
      double thousand,
      double continuous,
      double total) {
    DiscretePixels uniform = DiscretePixels.uniform();
    NoiseSchedule schedule = LinearSchedule.fixed(gammaMin, gammaMax);
    // the mirror image of a level has the same loss
    int[] half = new int[128];
    double[] probability = new double[128];
    for (int i = 0; i < 128; i++) {
      half[i] = i;
      probability[i] = 1 / 128.0;
    }
    PixelExpectation expectation =
        PixelExpectation.ofLevels(DataType.FLOAT32, half, probability, 0.5);
    double[] diffusion = {ten, hundred, thousand, continuous};
    double infinite = assertDiffusion(expectation, schedule, uniform, diffusion, 1e-4);
    double actualPrior = expectation.prior(schedule) / LN2;
    double actualReconstruction =
        IntStream.of(half)
            .mapToDouble(k -> reconstructionBits(gammaMin, k))
            .average()
            .orElseThrow();
    assertThat(actualPrior).isCloseTo(prior, within(1e-8));
    assertThat(actualReconstruction)
        .isCloseTo(reconstruction, within(2e-6 * reconstruction + 1e-8));
    assertThat(actualPrior + actualReconstruction + infinite).isCloseTo(total, within(1e-4));
  }

  @ParameterizedTest
  @CsvSource({
    "-13.3, 5, 0.0052265940, 0.0048064559, 2.8440067054, 1.0925385792, 1.0043994704, 0.9951935453, 1.0052265952",
    "-5, 1, 4.0584072877, 0.2244578750, 1.1364541658, 0.8059054845, 0.7792019070, 0.7762955694, 5.0591607321"
  })
  void shouldCostOneBitAndTheDecodersIgnoranceWhereLevelsAreBlackOrWhite(
      double gammaMin,
      double gammaMax,
      double reconstruction,
      double prior,
      double ten,
      double hundred,
      double thousand,
      double continuous,
      double total) {
    DiscretePixels pixels = DiscretePixels.blackOrWhite();
    NoiseSchedule schedule = LinearSchedule.fixed(gammaMin, gammaMax);
    PixelExpectation expectation =
        PixelExpectation.ofLevels(DataType.FLOAT64, pixels.levels(), pixels.probability(), 0.05);
    double[] diffusion = {ten, hundred, thousand, continuous};
    double infinite = assertDiffusion(expectation, schedule, pixels, diffusion, 2e-7);
    double actualPrior = expectation.prior(schedule) / LN2;
    double actualReconstruction = reconstructionBits(gammaMin, 255);
    assertThat(actualPrior).isCloseTo(prior, within(1e-8));
    assertThat(actualReconstruction).isCloseTo(reconstruction, within(2e-6 * reconstruction));
    assertThat(actualPrior + actualReconstruction + infinite)
        .isCloseTo(total, within(2e-6 * total));
  }

  @Test
  void shouldCostTheEntropyAndTheDecodersIgnoranceWhereOneLevelIsLikely() {
    DiscretePixels pixels = DiscretePixels.firstAnd(0.8);
    NoiseSchedule schedule = LinearSchedule.fixed(-13.3, 5);
    PixelExpectation expectation =
        PixelExpectation.ofLevels(DataType.FLOAT32, pixels.levels(), pixels.probability(), 0.5);
    double[] diffusion = {6.5468732352, 2.5419215209, 2.3386953291, 2.3174531880};
    double infinite = assertDiffusion(expectation, schedule, pixels, diffusion, 1e-4);
    double prior = expectation.prior(schedule) / LN2;
    double edges = 0.8 + 0.2 / 255;
    double reconstruction =
        edges * reconstructionBits(-13.3, 0) + (1 - edges) * reconstructionBits(-13.3, 100);
    assertThat(prior).isCloseTo(0.0041677687, within(1e-8));
    assertThat(reconstruction).isCloseTo(0.0062678135, within(1e-7));
    assertThat(prior + reconstruction + infinite).isCloseTo(2.3278887702, within(1e-4));
  }

  /** Of T = 10, 100, 1000 (unless NaN) and ∞; returns the last, bits. */
  private static double assertDiffusion(
      PixelExpectation expectation,
      NoiseSchedule schedule,
      DiscretePixels pixels,
      double[] expected,
      double tolerance) {
    int[] steps = {10, 100, 1000, 0};
    double bits = Double.NaN;
    for (int i = 0; i < steps.length; i++) {
      if (!Double.isNaN(expected[i])) {
        bits =
            expectation.diffusion(schedule, pixels::predictNoise, new DiffusionTime(steps[i]))
                / LN2;
        assertThat(bits).as("T = %d", steps[i]).isCloseTo(expected[i], within(tolerance));
      }
    }
    return bits;
  }

  @ParameterizedTest
  @CsvSource({
    "-15, 0.0000000000, 0.0000000000",
    "-13.3, 0.0104531880, 0.0052265940",
    "-12, 0.4182924459, 0.2091752496",
    "-11, 1.1123022056, 0.5663384344",
    "-10, 1.8336203807, 0.9994135465",
    "-9, 2.5549679012, 1.5109418838",
    "-8, 3.2763154216, 2.0881734067",
    "-6, 4.7190104625, 3.3751689664",
    "-5, 5.4403579830, 4.0584072877"
  })
  void shouldGiveTheReconstructionLossOfAPixel(double gamma0, double interior, double edge) {
    assertThat(reconstructionBits(gamma0, 128)).isCloseTo(interior, within(2e-6 * interior + 1e-9));
    assertThat(reconstructionBits(gamma0, 0)).isCloseTo(edge, within(2e-6 * edge + 1e-9));
    assertThat(reconstructionBits(gamma0, 255)).isCloseTo(edge, within(2e-6 * edge + 1e-9));
  }

  private static double reconstructionBits(double gamma0, int level) {
    double step = 0.01;
    int n = 1601;
    float[] levels = new float[n];
    float[] epsilon0 = new float[n];
    for (int i = 0; i < n; i++) {
      levels[i] = level;
      epsilon0[i] = (float) (step * (i - n / 2));
    }
    Shape shape = new Shape(n, 1, 1, 1);
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      NDArray nats =
          VariationalBound.reconstruction(
              manager.create(levels, shape),
              manager.create(epsilon0, shape),
              manager.create(new float[] {(float) gamma0}));
      float[] values = nats.toFloatArray();
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += values[i] * step * Math.exp(-0.5 * epsilon0[i] * epsilon0[i]);
      }
      return sum / Math.sqrt(2 * Math.PI) / LN2;
    }
  }
}
