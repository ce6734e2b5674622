package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import io.surprisal.model.network.TorchRuntime;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The three terms against closed forms, with denoisers that are exact for a known distribution.
 * Expectations over noise are taken by quadrature on images of one pixel, so that nothing here is
 * left to chance but the last test.
 */
class VariationalBoundTest {
  private static final double LN2 = Math.log(2);

  /** Three nodes of the Gauss–Hermite rule: exact for polynomials up to the fifth degree. */
  private static final double[] NODES = {-Math.sqrt(3), 0, Math.sqrt(3)};

  private static final double[] WEIGHTS = {1 / 6.0, 2 / 3.0, 1 / 6.0};

  private NDManager manager;

  @BeforeEach
  void openManager() {
    manager = TorchRuntime.engine().newBaseManager();
  }

  @AfterEach
  void closeManager() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "1, -13.3, 5, 6.6466431630, 0.0033576742",
    "1, -6, 7, 3.0007821093, 0.0004557332",
    "1, -5, 1, 2.3467268305, 0.1566308438",
    "0.25, -13.3, 5, 5.9560146336, 0.0008478551",
    "0.25, -10, 10, 4.3069379361, 0.0000056752",
    "0.01, -6, 7, 0.8081314872, 0.0000047629",
    "0.01, -5, 1, 0.4531255470, 0.0235048402"
  })
  void shouldGiveTheDiffusionLossAndPriorOfGaussianData(
      double variance, double gammaMin, double gammaMax, double diffusion, double prior) {
    TestBound bound = bound(gammaMin, gammaMax, gaussian(variance));
    int times = 1000;
    float[] x = new float[times * 9];
    float[] epsilon = new float[times * 9];
    double[] t = new double[times * 9];
    double[] weight = new double[times * 9];
    for (int i = 0; i < t.length; i++) {
      int time = i / 9;
      t[i] = (time + 0.5) / times;
      x[i] = (float) (Math.sqrt(variance) * NODES[i % 3]);
      epsilon[i] = (float) NODES[i / 3 % 3];
      weight[i] = WEIGHTS[i % 3] * WEIGHTS[i / 3 % 3] / times;
    }
    TestBound.Diffusion actual = bound.diffusion(pixels(x), t, pixels(epsilon));
    assertThat(mean(actual.loss(), weight)).isCloseTo(diffusion, within(2e-5 * diffusion));
    assertThat(mean(bound.prior(pixels(x)), weight)).isCloseTo(prior, within(2e-6 * prior + 2e-8));
    // m(γ) = sigmoid(ln v − γ) at one noise level
    double m = 0;
    for (int i = 0; i < 9; i++) {
      m += times * weight[4500 + i] * actual.squaredError()[4500 + i];
    }
    double gamma = actual.gamma()[4500];
    assertThat(gamma).isCloseTo(gammaMin + (gammaMax - gammaMin) * 0.5005, within(1e-5));
    assertThat(m).isCloseTo(variance / (variance + Math.exp(gamma)), within(1e-5));
  }

  @ParameterizedTest
  @CsvSource({
    "-13.3, 5, 0.33332824707, 7.4818039411",
    "-10, 10, 0.25, 4.8771587313",
    "-6, 7, 0.5, 3.2123918450"
  })
  void shouldGiveTheClosedFormOfTheUntrainedNetwork(
      double gammaMin, double gammaMax, double secondMoment, double diffusion) {
    int times = 1000;
    float[] x = new float[times * 3];
    float[] epsilon = new float[times * 3];
    double[] t = new double[times * 3];
    double[] weight = new double[times * 3];
    for (int i = 0; i < t.length; i++) {
      int time = i / 3;
      t[i] = (time + 0.5) / times;
      x[i] = (float) Math.sqrt(secondMoment);
      epsilon[i] = (float) NODES[i % 3];
      weight[i] = WEIGHTS[i % 3] / times;
    }
    TestBound.Diffusion actual =
        bound(gammaMin, gammaMax, (z, gamma) -> z).diffusion(pixels(x), t, pixels(epsilon));
    assertThat(mean(actual.loss(), weight)).isCloseTo(diffusion, within(2e-5 * diffusion));
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
    TestBound bound = bound(gamma0, 5, (z, gamma) -> z);
    assertThat(reconstructionBits(bound, 128)).isCloseTo(interior, within(2e-6 * interior + 1e-9));
    assertThat(reconstructionBits(bound, 0)).isCloseTo(edge, within(2e-6 * edge + 1e-9));
    assertThat(reconstructionBits(bound, 255)).isCloseTo(edge, within(2e-6 * edge + 1e-9));
  }

  private double reconstructionBits(TestBound bound, int level) {
    double step = 0.01;
    int n = 1601;
    float[] levels = new float[n];
    float[] epsilon0 = new float[n];
    double[] weight = new double[n];
    for (int i = 0; i < n; i++) {
      levels[i] = level;
      epsilon0[i] = (float) (step * (i - n / 2));
      weight[i] = density(epsilon0[i]) * step;
    }
    return mean(bound.reconstruction(pixels(levels), pixels(epsilon0)), weight) / LN2;
  }

  /** Levels that are equally likely cost 8 bits, whatever way the bound takes to say so. */
  @Test
  void shouldGiveEightBitsForUniformPixels() {
    double gammaMin = -13.3;
    double gammaMax = 5;
    TestBound bound = bound(gammaMin, gammaMax, this::uniformLevels);
    float[] allLevels = new float[256];
    for (int i = 0; i < 256; i++) {
      allLevels[i] = i;
    }
    NDArray x = VariationalBound.scale(pixels(allLevels));
    double prior = bound.prior(x).mean().getFloat() / LN2;
    assertThat(prior).isCloseTo(0.0016254945, within(1e-8));
    double reconstruction =
        (254 * reconstructionBits(bound, 100) + 2 * reconstructionBits(bound, 0)) / 256;
    assertThat(reconstruction).isCloseTo(0.0104123553, within(1e-7));

    // Over ε the trapezoidal rule, over t the midpoint rule; the mirror image of a level has the
    // same loss, so half of them are enough.
    int nodes = 49;
    double step = 0.25;
    int times = 256;
    double diffusion = 0;
    for (int time = 0; time < times; time++) {
      try (NDManager scope = manager.newSubManager()) {
        float[] levels = new float[128 * nodes];
        float[] epsilon = new float[128 * nodes];
        double[] t = new double[128 * nodes];
        double[] weight = new double[128 * nodes];
        for (int i = 0; i < t.length; i++) {
          levels[i] = i % 128;
          epsilon[i] = (float) (step * (i / 128 - nodes / 2));
          t[i] = (time + 0.5) / times;
          weight[i] = density(epsilon[i]) * step / 128 / times;
        }
        Shape shape = new Shape(t.length, 1, 1, 1);
        double[] loss =
            bound
                .diffusion(
                    VariationalBound.scale(scope.create(levels, shape)),
                    t,
                    scope.create(epsilon, shape))
                .loss();
        diffusion += mean(loss, weight) / LN2;
      }
    }
    assertThat(diffusion).isCloseTo(7.9879693523, within(1e-4));
    assertThat(prior + reconstruction + diffusion).isCloseTo(8.0000072020, within(1e-4));
  }

  /** ε̂ of the posterior mean of 256 equally likely levels. */
  private NDArray uniformLevels(NDArray z, NDArray gamma) {
    NDArray alpha = Activation.sigmoid(gamma.neg()).sqrt().reshape(-1, 1, 1, 1);
    NDArray sigma = Activation.sigmoid(gamma).sqrt().reshape(-1, 1, 1, 1);
    float[] levels = new float[256];
    for (int i = 0; i < 256; i++) {
      levels[i] = (float) (2 * (i + 0.5) / 256 - 1);
    }
    NDArray x = z.getManager().create(levels);
    NDArray precision = gamma.neg().exp().mul(-0.5).reshape(-1, 1);
    NDArray posterior = z.div(alpha).reshape(-1, 1).sub(x).square().mul(precision).softmax(1);
    NDArray mean = posterior.mul(x).sum(new int[] {1}).reshape(z.getShape());
    return z.sub(mean.mul(alpha)).div(sigma);
  }

  /**
   * Mean and variance of the estimator with one independent time an image of two pixels, both in
   * closed form, within five standard errors: fails by chance with probability 1.2e-6.
   */
  @Test
  void shouldHaveTheVarianceOfTheOneSampleEstimator() {
    int n = 40_000;
    int d = 2;
    double range = 18.3;
    double[] t = new double[n];
    float[] x = new float[n * d];
    float[] epsilon = new float[n * d];
    Random random = new Random(5);
    for (int i = 0; i < n; i++) {
      t[i] = random.nextFloat();
    }
    for (int i = 0; i < n * d; i++) {
      x[i] = (float) random.nextGaussian();
      epsilon[i] = (float) random.nextGaussian();
    }
    Shape shape = new Shape(n, 1, 1, d);
    double[] loss =
        bound(-13.3, 5, gaussian(1))
            .diffusion(manager.create(x, shape), t, manager.create(epsilon, shape))
            .loss();
    double mean = IntStream.range(0, n).mapToDouble(i -> loss[i]).average().orElseThrow();
    double variance = moment(loss, mean, 2);
    double expectedMean = d * 6.6466431630;
    double secondMomentOfM = (primitive(13.3) - primitive(-5)) / range;
    double expectedVariance =
        0.25 * range * range * (d * d + 2 * d) * secondMomentOfM - expectedMean * expectedMean;
    assertThat(mean).isCloseTo(expectedMean, within(5 * Math.sqrt(expectedVariance / n)));
    double kurtosis = moment(loss, mean, 4) / (variance * variance);
    assertThat(variance)
        .isCloseTo(expectedVariance, within(5 * variance * Math.sqrt((kurtosis - 1) / n)));
  }

  private static double moment(double[] values, double mean, int order) {
    return IntStream.range(0, values.length)
        .mapToDouble(i -> Math.pow(values[i] - mean, order))
        .average()
        .orElseThrow();
  }

  /** ∫ sigmoid². */
  private static double primitive(double u) {
    return Math.log1p(Math.exp(u)) - 1 / (1 + Math.exp(-u));
  }

  /** ε̂ = z σ/(α² v + σ²), optimal for pixels that are N(0, v). */
  private static Denoiser gaussian(double variance) {
    return (z, gamma) -> {
      NDArray alpha2 = Activation.sigmoid(gamma.neg());
      NDArray sigma2 = Activation.sigmoid(gamma);
      NDArray factor = sigma2.sqrt().div(alpha2.mul((float) variance).add(sigma2));
      return z.mul(factor.reshape(-1, 1, 1, 1));
    };
  }

  private static TestBound bound(double gammaMin, double gammaMax, Denoiser denoiser) {
    return new TestBound(
        LinearSchedule.fixed(gammaMin, gammaMax), denoiser, DiffusionTime.CONTINUOUS);
  }

  private NDArray pixels(float[] values) {
    return manager.create(values, new Shape(values.length, 1, 1, 1));
  }

  private static double density(double x) {
    return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }

  private static double mean(NDArray values, double[] weight) {
    float[] floats = values.toFloatArray();
    double[] doubles = new double[floats.length];
    Arrays.setAll(doubles, i -> floats[i]);
    return mean(doubles, weight);
  }

  private static double mean(double[] values, double[] weight) {
    assertThat(values).hasSameSizeAs(weight);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += weight[i] * values[i];
    }
    return sum;
  }
}
