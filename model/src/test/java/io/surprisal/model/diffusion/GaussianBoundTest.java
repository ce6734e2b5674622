package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bound of pixels that are N(0, v), with the optimal denoiser, against closed forms. */
class GaussianBoundTest {

  @ParameterizedTest
  @CsvSource({
    "1, -13.3, 5, 296599.3329421062, 17.7078518931, 7.2437928758, 6.7032463318, 6.6466431630, 0.0033576742, 124.63937185",
    "1, -10, 10, 11012.7328974061, 14.3755212474, 5.4797232901, 5.0452851302, 5.0000000000, 0.0000226994, 110.00136194",
    "1, -5, 1, 54.1148858611, 3.0626923406, 2.4073306121, 2.3526910119, 2.3467268305, 0.1566308438, 12.35376888",
    "0.25, -13.3, 5, 74523.9163322563, 15.7275644645, 6.4856903663, 6.0062367829, 5.9560146336, 0.0008478551, 114.31666401",
    "0.25, -6, 7, 50.4169916150, 4.0872837206, 2.4343077531, 2.3235248395, 2.3116719359, 0.0001140890, 30.08172007",
    "0.01, -13.3, 5, 2985.7768552135, 11.1254574324, 4.7204837364, 4.3828719759, 4.3474649361, 0.0000447130, 86.71568370",
    "0.01, -10, 10, 110.1322787417, 7.0354276947, 2.9334902668, 2.7218297846, 2.6996795392, 0.0000002275, 58.76991549",
    "0.01, -5, 1, 0.7375132387, 0.5037141821, 0.4578526138, 0.4535946561, 0.4531255470, 0.0235048402, 1.20079930"
  })
  void shouldGiveTheClosedFormInDiscreteAndContinuousTime(
      double variance,
      double gammaMin,
      double gammaMax,
      double one,
      double ten,
      double hundred,
      double thousand,
      double continuous,
      double prior,
      double varianceOfOneSample) {
    NoiseSchedule schedule = LinearSchedule.fixed(gammaMin, gammaMax);
    Denoiser denoiser = GaussianPixels.denoiser(variance);
    PixelExpectation exact = PixelExpectation.gaussian(DataType.FLOAT64, variance);
    PixelExpectation single = PixelExpectation.gaussian(DataType.FLOAT32, variance);
    int[] steps = {1, 10, 100, 1000, 0};
    double[] expected = {one, ten, hundred, thousand, continuous};
    for (int i = 0; i < steps.length; i++) {
      DiffusionTime time = new DiffusionTime(steps[i]);
      assertThat(exact.diffusion(schedule, denoiser, time))
          .as("T = %d", steps[i])
          .isCloseTo(expected[i], within(1e-9 * expected[i] + 1e-10));
      if (steps[i] != 1) {
        // at t = 1 alone ε and ε̂ may be the same but for rounding
        assertThat(single.diffusion(schedule, denoiser, time))
            .isCloseTo(expected[i], within(1e-5 * expected[i]));
      }
    }
    assertThat(exact.prior(schedule)).isCloseTo(prior, within(1e-10));
    assertThat(single.prior(schedule)).isCloseTo(prior, within(2e-6 * prior + 2e-8));
    assertThat(exact.varianceOfDiffusion(schedule, denoiser))
        .isCloseTo(varianceOfOneSample, within(1e-8));
  }

  /** γ₀ + (γ₁ − γ₀) w(t) with w = t² and smoothstep, which no schedule of the product is. */
  @ParameterizedTest
  @CsvSource({
    "1, -13.3, 5, 20.7536138626, 7.3107835699, 6.7089434426, 24.9004084117, 7.4173385671, 6.7183984831",
    "0.25, -10, 10, 10.1948796403, 4.6431890639, 4.3389118084, 14.1250029147, 4.7641914090, 4.3497266289",
    "0.01, -6, 7, 0.9518947927, 0.8212753051, 0.8094319576, 1.0317140127, 0.8280569039, 0.8100924611"
  })
  void shouldDependOnTheWarpInDiscreteTime(
      double variance,
      double gammaMin,
      double gammaMax,
      double squareTen,
      double squareHundred,
      double squareThousand,
      double smoothTen,
      double smoothHundred,
      double smoothThousand) {
    double range = gammaMax - gammaMin;
    DoubleUnaryOperator square = t -> gammaMin + range * t * t;
    DoubleUnaryOperator smooth = t -> gammaMin + range * t * t * (3 - 2 * t);
    assertThat(warped(variance, 10, square)).isCloseTo(squareTen, within(2e-10));
    assertThat(warped(variance, 100, square)).isCloseTo(squareHundred, within(2e-10));
    assertThat(warped(variance, 1000, square)).isCloseTo(squareThousand, within(2e-10));
    assertThat(warped(variance, 10, smooth)).isCloseTo(smoothTen, within(2e-10));
    assertThat(warped(variance, 100, smooth)).isCloseTo(smoothHundred, within(2e-10));
    assertThat(warped(variance, 1000, smooth)).isCloseTo(smoothThousand, within(2e-10));
  }

  private static double warped(double variance, int steps, DoubleUnaryOperator gamma) {
    DiffusionTime time = new DiffusionTime(steps);
    double[] gammas =
        IntStream.rangeClosed(0, steps)
            .mapToDouble(i -> gamma.applyAsDouble(i / (double) steps))
            .toArray();
    double[] m =
        PixelExpectation.gaussian(DataType.FLOAT64, variance)
            .squaredErrors(GaussianPixels.denoiser(variance), gammas, e -> e);
    return IntStream.rangeClosed(1, steps)
        .mapToDouble(i -> time.stepWeight(gammas[i - 1], gammas[i]) * m[i] / steps)
        .sum();
  }

  /** In continuous time the loss depends on the schedule through its end points only. */
  @ParameterizedTest
  @ValueSource(doubles = {1, 0.25, 0.01})
  void shouldNotDependOnTheScheduleInContinuousTime(double variance) {
    NoiseSchedule monotone = MonotoneSchedule.normalised(bentMonotone());
    double start = monotone.gammaAtZero();
    double end = monotone.gammaAtOne();
    double expected =
        0.5 * Math.log((1 + variance * Math.exp(-start)) / (1 + variance * Math.exp(-end)));
    for (NoiseSchedule schedule :
        List.of(
            LinearSchedule.fixed(start, end),
            new CosineSchedule(start, end),
            new BetaLinearSchedule(start, end),
            monotone)) {
      assertThat(
              PixelExpectation.gaussian(DataType.FLOAT64, variance)
                  .diffusion(schedule, GaussianPixels.denoiser(variance), DiffusionTime.CONTINUOUS))
          .as(schedule.getClass().getSimpleName())
          .isCloseTo(expected, within(1e-6 * expected));
    }
  }

  /** Parameters with which a monotone network is far from linear, from −8 to 5. */
  private static float[] bentMonotone() {
    Random random = new Random(8);
    float[] parameters = new float[3 + 3 * 1024];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) (2 * random.nextGaussian());
    }
    parameters[0] = -8;
    parameters[1] = 13;
    return parameters;
  }

  /**
   * Mean and variance of the estimator with one independent time an image of two pixels, both in
   * closed form, within five standard errors: fails by chance with probability 1.2e-6 a row.
   */
  @ParameterizedTest
  @CsvSource({"1, -13.3, 5, 6.6466431630", "0.25, -6, 7, 2.3116719359"})
  void shouldHaveTheVarianceOfTheOneSampleEstimator(
      double v, double gammaMin, double gammaMax, double meanOfAPixel) {
    int n = 40_000;
    int d = 2;
    double range = gammaMax - gammaMin;
    double[] t = new double[n];
    float[] x = new float[n * d];
    float[] epsilon = new float[n * d];
    Random random = new Random(5);
    for (int i = 0; i < n; i++) {
      t[i] = random.nextFloat();
    }
    for (int i = 0; i < n * d; i++) {
      x[i] = (float) (Math.sqrt(v) * random.nextGaussian());
      epsilon[i] = (float) random.nextGaussian();
    }
    Shape shape = new Shape(n, 1, 1, d);
    double[] loss;
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      loss =
          new TestBound(
                  LinearSchedule.fixed(gammaMin, gammaMax),
                  GaussianPixels.denoiser(v),
                  DiffusionTime.CONTINUOUS)
              .diffusion(manager.create(x, shape), t, manager.create(epsilon, shape))
              .loss();
    }
    double mean = IntStream.range(0, n).mapToDouble(i -> loss[i]).average().orElseThrow();
    double variance = moment(loss, mean, 2);
    double expectedMean = d * meanOfAPixel;
    double secondMomentOfM =
        (primitive(Math.log(v) - gammaMin) - primitive(Math.log(v) - gammaMax)) / range;
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
}
