package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.diffusion.AncestralSampler.Sample;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AncestralSamplerTest {
  private static final ModelConfiguration GREY = TinyModels.grey();
  private static final float[] TRAINED = TinyModels.trained(GREY, 3);
  private static final NoiseSchedule SCHEDULE = LinearSchedule.fixed(-13.3, 5);

  private NDManager manager;

  @BeforeEach
  void openManager() {
    manager = TorchRuntime.engine().newBaseManager();
  }

  @AfterEach
  void closeManager() {
    manager.close();
  }

  /**
   * A denoiser that knows x makes the step q(z_s|z_t, x), which takes q(z_t|x) to q(z_s|x): mean
   * α_s x, variance σ_s², however far the step.
   */
  @ParameterizedTest
  @CsvSource({"1, 0, 0.7", "1, 0.999, -0.3", "0.5, 0.25, 0.9", "0.001, 0, 1", "0.3, 0.1, 0"})
  void shouldStepFromOneMarginalToTheNext(double t, double s, double x) {
    double alphaT = Math.sqrt(sigmoid(-SCHEDULE.gamma(t)));
    double sigmaT = Math.sqrt(sigmoid(SCHEDULE.gamma(t)));
    double alphaS = Math.sqrt(sigmoid(-SCHEDULE.gamma(s)));
    double varianceS = sigmoid(SCHEDULE.gamma(s));
    Denoiser knowing = (z, gamma) -> z.sub(alphaT * x).div(sigmaT);
    for (boolean clip : new boolean[] {false, true}) {
      double mean = step(knowing, alphaT * x, t, s, 0, clip);
      double byEpsilon = step(knowing, alphaT * x + sigmaT, t, s, 0, clip) - mean;
      double byNoise = step(knowing, alphaT * x, t, s, 1, clip) - mean;
      assertThat(mean).isCloseTo(alphaS * x, within(1e-6));
      assertThat(byEpsilon * byEpsilon + byNoise * byNoise)
          .isCloseTo(varianceS, within(2e-4 * varianceS));
    }
  }

  /** The variance of the samples approaches that of the data like 1/T. */
  @ParameterizedTest
  @CsvSource({"1", "0.25", "0.04"})
  void shouldSampleGaussianDataWithItsVariance(double variance) {
    double previous = Double.NaN;
    for (int timesteps : new int[] {250, 500, 1000}) {
      double error = varianceOfSamples(GaussianPixels.denoiser(variance), timesteps) / variance - 1;
      assertThat(error).isBetween(-0.2, 0.0);
      if (timesteps > 250) {
        assertThat(error / previous).isBetween(0.45, 0.55);
      }
      previous = error;
    }
  }

  /** Of z_0/α_0 for a linear denoiser: V_s = (∂z_s/∂z_t)² V_t + (∂z_s/∂ε)². */
  private double varianceOfSamples(Denoiser linear, int timesteps) {
    double variance = 1;
    for (int i = timesteps; i > 0; i--) {
      double t = i / (double) timesteps;
      double s = (i - 1) / (double) timesteps;
      double byZ = step(linear, 1, t, s, 0, false);
      double byNoise = step(linear, 0, t, s, 1, false);
      variance = byZ * byZ * variance + byNoise * byNoise;
    }
    return variance / sigmoid(13.3) - Math.exp(-13.3);
  }

  /** x̂ within [−1, 1] draws z there, whatever the denoiser says. */
  @Test
  void shouldStayWithinRangeWhenClipped() {
    Denoiser wild = (z, gamma) -> z.mul(-50).add(3);
    double clipped = 2;
    double free = 2;
    for (int i = 100; i > 0; i--) {
      clipped = step(wild, clipped, i / 100.0, (i - 1) / 100.0, 1, true);
      free = step(wild, free, i / 100.0, (i - 1) / 100.0, 1, false);
    }
    assertThat(Math.abs(clipped)).isBetween(0.9, 1.01);
    assertThat(Math.abs(free)).isGreaterThan(10);
  }

  private double step(Denoiser denoiser, double z, double t, double s, double noise, boolean clip) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray from = scope.create(new float[] {(float) z}, new Shape(1, 1, 1, 1));
      NDArray epsilon = scope.create(new float[] {(float) noise}, new Shape(1, 1, 1, 1));
      return AncestralSampler.step(SCHEDULE, denoiser, from, t, s, epsilon, clip).getFloat();
    }
  }

  @Test
  void shouldTakeTheNearestLevel() {
    NDArray levels = manager.arange(256f).reshape(4, 1, 8, 8);
    double alpha = Math.sqrt(sigmoid(-2));
    NDArray z0 = VariationalBound.scale(levels).mul(alpha);
    double almostHalf = 0.499 * alpha * 2 / 256;
    assertThat(AncestralSampler.levels(z0, 2)).isEqualTo(levels);
    assertThat(AncestralSampler.levels(z0.add(almostHalf), 2)).isEqualTo(levels);
    assertThat(AncestralSampler.levels(z0.sub(almostHalf), 2)).isEqualTo(levels);
    assertThat(AncestralSampler.levels(manager.create(new float[] {-3, 3}), 2).toFloatArray())
        .containsExactly(0, 255);
  }

  @Test
  void shouldDrawTheSameSampleHoweverManyAreDrawnBesideIt() {
    try (DiffusionModel model = model(TRAINED)) {
      AncestralSampler sampler = new AncestralSampler(model, 6, 1, false);
      List<PixelImage> all = images(draw(sampler, 20));
      assertThat(all).hasSize(20).doesNotHaveDuplicates();
      assertThat(images(draw(sampler, 20))).isEqualTo(all);
      assertThat(images(draw(sampler, 17))).isEqualTo(all.subList(0, 17));
      assertThat(images(draw(sampler, 1))).isEqualTo(all.subList(0, 1));
      assertThat(images(draw(new AncestralSampler(model, 6, 2, false), 20)))
          .doesNotContainAnyElementsOf(all);
    }
  }

  /**
   * The untrained network is ε̂ = z, so z_0 is normal with a variance known by recursion. The
   * distribution of the levels of 9,600 pixels keeps to it: fails by chance with probability
   * 7.5e-6.
   */
  @Test
  void shouldDrawFromTheDistributionOfALinearModel() {
    int timesteps = 20;
    double variance = 1;
    for (int i = timesteps; i > 0; i--) {
      double gammaT = SCHEDULE.gamma(i / (double) timesteps);
      double gammaS = SCHEDULE.gamma((i - 1) / (double) timesteps);
      double c = -Math.expm1(gammaS - gammaT);
      double byZ =
          Math.sqrt(sigmoid(-gammaS) / sigmoid(-gammaT)) * (1 - Math.sqrt(sigmoid(gammaT)) * c);
      variance = byZ * byZ * variance + sigmoid(gammaS) * c;
    }
    double deviation = Math.sqrt(variance / sigmoid(13.3));
    int images = 150;
    double[] share = new double[256];
    try (DiffusionModel model = model(InitialParameters.draw(GREY, 1))) {
      for (Sample sample : draw(new AncestralSampler(model, timesteps, 5, false), images)) {
        for (byte pixel : sample.image().pixels()) {
          share[pixel & 0xff] += 1.0 / (64 * images);
        }
      }
    }
    double actual = 0;
    double distance = 0;
    for (int level = 0; level < 255; level++) {
      actual += share[level];
      double upTo = 2 * (level + 1) / 256.0 - 1;
      double expected = NormalDistribution.cumulative(upTo / deviation);
      distance = Math.max(distance, Math.abs(actual - expected));
    }
    assertThat(distance * Math.sqrt(64 * images)).isLessThan(2.5);
  }

  @Test
  void shouldRecordThePathFromTheFirstStepOn() {
    try (DiffusionModel model = model(TRAINED)) {
      AncestralSampler sampler = new AncestralSampler(model, 7, 1, false);
      for (int length = 0; length <= 7; length++) {
        List<Sample> samples = sampler.sample(2, length, done -> {}, () -> false);
        assertThat(samples.get(0).path()).hasSize(length);
        assertThat(samples.get(1).path()).hasSize(length);
      }
      List<Sample> whole = sampler.sample(2, 7, done -> {}, () -> false);
      List<Sample> half = sampler.sample(2, 4, done -> {}, () -> false);
      List<PixelImage> path = whole.get(1).path();
      assertThat(half.get(1).path())
          .containsExactly(path.get(0), path.get(2), path.get(4), path.get(6));
      assertThat(half.get(1).image()).isEqualTo(whole.get(1).image()).isNotEqualTo(path.get(0));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sampler.sample(2, 8, done -> {}, () -> false))
          .withMessageContaining("pathLength is 8, must be 0 to timesteps = 7");
    }
  }

  @Test
  void shouldCountEvaluationsAndKeepWholeBatchesWhenStopped() {
    try (DiffusionModel model = model(TRAINED)) {
      AncestralSampler sampler = new AncestralSampler(model, 3, 1, false);
      List<Long> progress = new ArrayList<>();
      sampler.sample(20, 0, progress::add, () -> false);
      assertThat(progress).containsExactly(16L, 32L, 48L, 52L, 56L, 60L);

      progress.clear();
      assertThat(sampler.sample(20, 0, progress::add, () -> progress.size() >= 4)).hasSize(16);
      assertThat(sampler.sample(20, 0, done -> {}, () -> true)).isEmpty();
    }
  }

  @Test
  void shouldLeaveNoNativeMemoryBehind() {
    try (DiffusionModel model = model(TRAINED)) {
      AncestralSampler sampler = new AncestralSampler(model, 4, 1, true);
      draw(sampler, 3);
      int before = TorchRuntime.nativeHandles();
      sampler.sample(3, 2, done -> {}, () -> false);
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(before);
    }
  }

  @Test
  void shouldRefuseNoSteps() {
    try (DiffusionModel model = model(TRAINED)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new AncestralSampler(model, 0, 1, false))
          .withMessageContaining("timesteps is 0, must be at least 1");
    }
  }

  private static DiffusionModel model(float[] parameters) {
    return new DiffusionModel(GREY, parameters, Execution.CPU);
  }

  private static List<Sample> draw(AncestralSampler sampler, int count) {
    return sampler.sample(count, 0, done -> {}, () -> false);
  }

  private static List<PixelImage> images(List<Sample> samples) {
    return samples.stream().map(Sample::image).toList();
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
