package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Expectations over an image of one pixel and its noise by quadrature, so that nothing is left to
 * chance: nodes (x, ε) and weights that add up to 1. What is averaged comes from the estimator
 * itself, in a number type of choice. Continuous time is cut into so many panels.
 */
record PixelExpectation(DataType type, double[] x, double[] epsilon, double[] weight, int panels) {

  /** Three nodes of the Gauss–Hermite rule: exact for polynomials up to the fifth degree. */
  private static final double[] HERMITE = {-Math.sqrt(3), 0, Math.sqrt(3)};

  private static final double[] HERMITE_WEIGHTS = {1 / 6.0, 2 / 3.0, 1 / 6.0};

  /** Five nodes of the Gauss–Legendre rule on [−1, 1]. */
  private static final double[] LEGENDRE = legendreNodes();

  private static final double[] LEGENDRE_WEIGHTS = {
    (322 - 13 * Math.sqrt(70)) / 1800,
    (322 + 13 * Math.sqrt(70)) / 1800,
    128 / 450.0,
    (322 + 13 * Math.sqrt(70)) / 1800,
    (322 - 13 * Math.sqrt(70)) / 1800
  };

  private static final int PIXELS_AT_ONCE = 4_000;

  /** ε is as good as never beyond. */
  private static final double REACH = 6;

  private static double[] legendreNodes() {
    double inner = Math.sqrt(5 - 2 * Math.sqrt(10 / 7.0)) / 3;
    double outer = Math.sqrt(5 + 2 * Math.sqrt(10 / 7.0)) / 3;
    return new double[] {-outer, -inner, 0, inner, outer};
  }

  /** x ~ N(0, v): exact where the integrand is of up to the fifth degree in x and in ε. */
  static PixelExpectation gaussian(DataType type, double variance) {
    double[] x = new double[9];
    double[] epsilon = new double[9];
    double[] weight = new double[9];
    for (int i = 0; i < 9; i++) {
      x[i] = Math.sqrt(variance) * HERMITE[i % 3];
      epsilon[i] = HERMITE[i / 3];
      weight[i] = HERMITE_WEIGHTS[i % 3] * HERMITE_WEIGHTS[i / 3];
    }
    return new PixelExpectation(type, x, epsilon, weight, 400);
  }

  /**
   * Levels with probabilities; over ε the trapezoidal rule, which converges exponentially.
   *
   * @param levels which levels there are
   * @param probability of each, adding up to 1
   * @param step between the nodes of ε
   */
  static PixelExpectation ofLevels(DataType type, int[] levels, double[] probability, double step) {
    int nodes = 2 * (int) (REACH / step) + 1;
    double[] x = new double[levels.length * nodes];
    double[] epsilon = new double[x.length];
    double[] weight = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int level = i % levels.length;
      x[i] = DiscretePixels.scaled(levels[level]);
      epsilon[i] = step * (i / levels.length - nodes / 2);
      weight[i] =
          probability[level]
              * step
              * Math.exp(-0.5 * epsilon[i] * epsilon[i])
              / Math.sqrt(2 * Math.PI);
    }
    return new PixelExpectation(type, x, epsilon, weight, 40);
  }

  /** E over t, x and ε of the diffusion loss, nats. */
  double diffusion(NoiseSchedule schedule, Denoiser denoiser, DiffusionTime time) {
    double[] t = times(time);
    double[] m = squaredErrors(denoiser, schedule.gamma(t), e -> e);
    double loss = 0;
    for (int i = 0; i < t.length; i++) {
      loss += timeWeight(time, i, t.length) * time.weight(schedule, t[i]) * m[i];
    }
    return loss;
  }

  /** Variance of the loss at one uniform t in continuous time, nats². */
  double varianceOfDiffusion(NoiseSchedule schedule, Denoiser denoiser) {
    DiffusionTime time = DiffusionTime.CONTINUOUS;
    double[] t = times(time);
    double[] squares = squaredErrors(denoiser, schedule.gamma(t), e -> e * e);
    double secondMoment = 0;
    for (int i = 0; i < t.length; i++) {
      double weight = time.weight(schedule, t[i]);
      secondMoment += timeWeight(time, i, t.length) * weight * weight * squares[i];
    }
    double mean = diffusion(schedule, denoiser, time);
    return secondMoment - mean * mean;
  }

  /** E over x of the prior, nats. */
  double prior(NoiseSchedule schedule) {
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      NDArray gamma1 = create(manager, new double[] {schedule.gammaAtOne()}, new Shape(1));
      double[] prior =
          doubles(VariationalBound.prior(create(manager, x, new Shape(x.length, 1, 1, 1)), gamma1));
      return mean(prior, 0);
    }
  }

  /** E over x and ε of a function of ‖ε − ε̂‖² at each noise level. */
  double[] squaredErrors(Denoiser denoiser, double[] gammas, DoubleUnaryOperator function) {
    double[] means = new double[gammas.length];
    int levelsAtOnce = Math.max(1, PIXELS_AT_ONCE / x.length);
    for (int from = 0; from < gammas.length; from += levelsAtOnce) {
      double[] part =
          Arrays.copyOfRange(gammas, from, Math.min(gammas.length, from + levelsAtOnce));
      double[] errors = squaredErrors(denoiser, part);
      for (int i = 0; i < errors.length; i++) {
        errors[i] = function.applyAsDouble(errors[i]);
      }
      for (int i = 0; i < part.length; i++) {
        means[from + i] = mean(errors, i * x.length);
      }
    }
    return means;
  }

  private double[] squaredErrors(Denoiser denoiser, double[] gammas) {
    int n = gammas.length * x.length;
    double[] gamma = new double[n];
    double[] pixels = new double[n];
    double[] noise = new double[n];
    for (int i = 0; i < n; i++) {
      gamma[i] = gammas[i / x.length];
      pixels[i] = x[i % x.length];
      noise[i] = epsilon[i % x.length];
    }
    Shape shape = new Shape(n, 1, 1, 1);
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      return doubles(
          VariationalBound.squaredError(
              denoiser,
              create(manager, pixels, shape),
              create(manager, gamma, new Shape(n)),
              create(manager, noise, shape)));
    }
  }

  private double mean(double[] values, int from) {
    double sum = 0;
    for (int i = 0; i < weight.length; i++) {
      sum += weight[i] * values[from + i];
    }
    return sum;
  }

  /** Every step of discrete time; in continuous time the nodes of a composite Gauss rule. */
  private double[] times(DiffusionTime time) {
    double[] t = new double[time.continuous() ? 5 * panels : time.steps()];
    for (int i = 0; i < t.length; i++) {
      t[i] =
          time.continuous()
              ? (i / 5 + (1 + LEGENDRE[i % 5]) / 2) / panels
              : time.at((i + 0.5) / time.steps());
    }
    return t;
  }

  private double timeWeight(DiffusionTime time, int i, int n) {
    return time.continuous() ? LEGENDRE_WEIGHTS[i % 5] / panels : 1.0 / n;
  }

  private NDArray create(NDManager manager, double[] values, Shape shape) {
    return manager.create(values, shape).toType(type, false);
  }

  private static double[] doubles(NDArray array) {
    return array.toType(DataType.FLOAT64, false).toDoubleArray();
  }
}
