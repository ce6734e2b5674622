package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.diffusion.Denoiser;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The trainer's gradient against central differences of the bound, which is put together here once
 * more from its terms: along the gradient itself, where the difference is largest against the
 * rounding of float32, and along single parameters of the schedule.
 */
class BoundGradientByDifferencesTest {
  private static final int BATCH = 4;

  /** How much of the loss a step should make, in bits/dim: far above rounding. */
  private static final double RISE = 0.004;

  /** The network sees noise levels through sines of up to 55 γ, so they must move by little. */
  private static final double LONGEST_STEP = 0.005;

  private static final double[] TIMES = {0.13, 0.38, 0.63, 0.88};
  private static final Shape SHAPE = new Shape(BATCH, 1, 8, 8);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"schedule\": \"LEARNED_SCALAR\"",
        "\"schedule\": \"LEARNED_SCALAR\", \"timesteps\": 10",
        "\"schedule\": \"LEARNED_SCALAR\", \"prediction\": \"V\"",
        "\"schedule\": \"LEARNED_MONOTONE_FREE\"",
        "\"schedule\": \"LEARNED_MONOTONE_FREE\", \"timesteps\": 7, \"prediction\": \"V\"",
        "\"schedule\": \"LEARNED_MONOTONE\", \"timesteps\": 5",
        "\"schedule\": \"FIXED_COSINE\", \"timesteps\": 10"
      })
  void shouldBeTheGradientOfTheBound(String options) {
    try (Setting setting = new Setting(options)) {
      BatchGradient.Gradient gradient = setting.gradient();
      double[] flat = doubles(gradient.flat());
      Loss bound = (losses, fixed) -> mean(losses) + mean(fixed);
      assertThat(gradient.bitsPerDim())
          .isCloseTo(setting.evaluate(setting.parameters, bound), within(1e-5));
      int schedule = setting.layout.scheduleSize();
      setting.assertSlope(flat, schedule, flat.length, bound);
      if (schedule > 0) {
        setting.assertSlope(flat, 0, schedule, bound);
        setting.assertSlope(flat, 0, 1, bound);
        setting.assertSlope(flat, 1, 2, bound);
      }
    }
  }

  /** The end points follow the bound, the interior the mean square of the diffusion losses. */
  @ParameterizedTest
  @ValueSource(strings = {"", ", \"prediction\": \"V\""})
  void shouldHaveTwoObjectivesForANormalisedSchedule(String options) {
    try (Setting setting = new Setting("\"schedule\": \"LEARNED_MONOTONE\"" + options)) {
      double[] flat = doubles(setting.gradient().flat());
      int end = setting.layout.interiorEnd();
      Loss bound = (losses, fixed) -> mean(losses) + mean(fixed);
      Loss square = (losses, fixed) -> mean(Arrays.stream(losses).map(l -> l * l).toArray());
      setting.assertSlope(flat, 0, 1, bound);
      setting.assertSlope(flat, 1, 2, bound);
      setting.assertSlope(flat, setting.layout.interiorStart(), end, square);
      setting.assertSlope(flat, 2, 3, square);
      setting.assertSlope(flat, end, flat.length, bound);
    }
  }

  /**
   * Where ‖ε − ε̂‖² is the same at every time, a linear schedule has no variance, and nothing moves
   * the interior: the sum over equally spaced times of its gradient vanishes.
   */
  @Test
  void shouldLeaveALinearInteriorWhereTheErrorIsConstant() {
    FitConfiguration fit = fit("\"schedule\": \"LEARNED_MONOTONE\"");
    ModelConfiguration model = fit.model(new ImageShape(1, 8, 8));
    ParameterLayout layout = ParameterLayout.of(model);
    int n = 512;
    double[] times = IntStream.range(0, n).mapToDouble(i -> (i + 0.5) / n).toArray();
    float[] linear = new float[layout.scheduleSize()];
    linear[0] = -13;
    linear[1] = 18;
    linear[2] = 1;
    linear[3 + 1023] = 6;
    float[] bent = linear.clone();
    // a unit without weight bends nothing; one with weight does
    linear[linear.length - 1] = 1e-9f;
    bent[bent.length - 1] = 4000;
    double atLinear = interiorGradient(layout, fit, linear, times)[linear.length - 1];
    double atBent = interiorGradient(layout, fit, bent, times)[bent.length - 1];
    assertThat(Math.abs(atBent)).isGreaterThan(1e-6);
    assertThat(Math.abs(atLinear)).isLessThan(1e-3 * Math.abs(atBent));
  }

  private static float[] interiorGradient(
      ParameterLayout layout, FitConfiguration fit, float[] parameters, double[] times) {
    NoiseSchedule schedule = NoiseSchedule.of(fit.model(new ImageShape(1, 8, 8)), parameters);
    ScheduleGradient gradient = new ScheduleGradient(schedule, fit, times, 1);
    float[] constant = new float[times.length];
    Arrays.fill(constant, 1);
    gradient.bitsPerDim(new float[times.length], constant);
    gradient.accept(new float[times.length], 0, 0);
    return gradient.parameters(layout, 0);
  }

  /** A loss of a batch in bits/dim: of each image's diffusion loss and its two fixed terms. */
  @FunctionalInterface
  private interface Loss {
    double of(double[] diffusion, double[] fixed);
  }

  private static FitConfiguration fit(String options) {
    return FitConfiguration.parse(
        "{\"embedding\": 8, \"blocks\": 1, \"groups\": 4, \"dropout\": 0, \"clipNorm\": 0,"
            + " \"fourierExponents\": [0], "
            + options
            + "}");
  }

  /** One model, one batch, one set of noise. */
  private static final class Setting implements AutoCloseable {
    private final FitConfiguration fit;
    private final ModelConfiguration model;
    private final ParameterLayout layout;
    private final float[] parameters;
    private final LikelihoodNetwork network;
    private final NDManager manager;
    private final NDArray levels;
    private final NDArray epsilon;
    private final NDArray epsilon0;

    Setting(String options) {
      fit = fit(options);
      model = fit.model(new ImageShape(1, 8, 8));
      layout = ParameterLayout.of(model);
      parameters = TinyModels.trained(model, 3);
      if (layout.scheduleSize() > 0) {
        // smooth reconstruction and prior, so that differences of floats are of use
        parameters[0] = -9;
        parameters[1] = 11;
      }
      Random random = new Random(6);
      for (int i = 3; i < layout.scheduleSize(); i++) {
        parameters[i] += (float) (3 * random.nextGaussian()); // a schedule far from linear
      }
      network = new LikelihoodNetwork(model, Device.cpu(), false);
      manager = TorchRuntime.engine().newBaseManager();
      float[] pixels = new float[BATCH * 64];
      float[] noise = new float[BATCH * 64];
      float[] noise0 = new float[BATCH * 64];
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = random.nextInt(256);
        noise[i] = (float) random.nextGaussian();
        noise0[i] = (float) random.nextGaussian();
      }
      levels = manager.create(pixels, SHAPE);
      epsilon = manager.create(noise, SHAPE);
      epsilon0 = manager.create(noise0, SHAPE);
    }

    BatchGradient.Gradient gradient() {
      float[] zero = new float[parameters.length];
      try (ModelTrainer trainer =
          new ModelTrainer(
              model,
              fit,
              Device.cpu(),
              1,
              1,
              new ModelTrainer.State(0, parameters, parameters, zero, zero))) {
        BatchGradient.Gradient gradient =
            trainer.gradient(manager, levels, TIMES, epsilon, epsilon0);
        gradient.flat().attach(manager);
        return gradient;
      }
    }

    double evaluate(float[] flat, Loss loss) {
      double bitsPerNat = 1 / (64 * Math.log(2));
      NoiseSchedule schedule = NoiseSchedule.of(model, flat);
      double[] times = Arrays.stream(TIMES).map(fit.loss().time()::at).toArray();
      try (NDManager scope = manager.newSubManager()) {
        NDArray x = VariationalBound.scale(levels);
        x.attach(scope);
        NDArray networkPart =
            scope.create(Arrays.copyOfRange(flat, layout.scheduleSize(), flat.length));
        double[] error =
            doubles(
                VariationalBound.squaredError(
                    Denoiser.of(model, network, networkPart),
                    x,
                    level(scope, schedule.gamma(times)),
                    epsilon));
        double[] diffusion = new double[BATCH];
        Arrays.setAll(
            diffusion, i -> fit.loss().time().weight(schedule, times[i]) * error[i] * bitsPerNat);
        double[] prior = doubles(VariationalBound.prior(x, level(scope, schedule.gammaAtOne())));
        double[] reconstruction =
            doubles(
                VariationalBound.reconstruction(
                    levels, epsilon0, level(scope, schedule.gammaAtZero())));
        double[] fixed = new double[BATCH];
        Arrays.setAll(fixed, i -> (prior[i] + reconstruction[i]) * bitsPerNat);
        return loss.of(diffusion, fixed);
      }
    }

    /** What the gradient promises along its own part against what the loss does there. */
    void assertSlope(double[] gradient, int from, int to, Loss loss) {
      double norm =
          Math.sqrt(IntStream.range(from, to).mapToDouble(i -> gradient[i] * gradient[i]).sum());
      double step = Math.min(RISE / norm, LONGEST_STEP);
      double[] direction = new double[gradient.length];
      for (int i = from; i < to; i++) {
        direction[i] = gradient[i] / norm;
      }
      // Richardson's extrapolation of two central differences
      double slope = (4 * slope(direction, step / 2, loss) - slope(direction, step, loss)) / 3;
      assertThat(norm * step).as("clear of rounding").isGreaterThan(1e-4);
      assertThat(slope).as("parameters %d to %d", from, to).isCloseTo(norm, within(0.02 * norm));
    }

    private double slope(double[] direction, double step, Loss loss) {
      float[] up = parameters.clone();
      float[] down = parameters.clone();
      for (int i = 0; i < direction.length; i++) {
        up[i] += (float) (step * direction[i]);
        down[i] -= (float) (step * direction[i]);
      }
      return (evaluate(up, loss) - evaluate(down, loss)) / (2 * step);
    }

    @Override
    public void close() {
      network.close();
      manager.close();
    }
  }

  private static NDArray level(NDManager manager, double... gamma) {
    float[] floats = new float[gamma.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) gamma[i];
    }
    return manager.create(floats);
  }

  private static double[] doubles(NDArray array) {
    float[] floats = array.toFloatArray();
    double[] doubles = new double[floats.length];
    Arrays.setAll(doubles, i -> floats[i]);
    return doubles;
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }
}
