package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AdamWTest {
  private static final int N = 9;
  private static final int STEPS = 20;

  private static final FitConfiguration FIT =
      FitConfiguration.parse("{\"weightDecay\": 0.05, \"optimizer\": \"ADAMW\"}");

  /** The update as published (arXiv 1711.05101, algorithm 2), in double precision. */
  @Test
  void shouldFollowThePublishedUpdate() {
    double[] expected = new double[N];
    double[] m = new double[N];
    double[] v = new double[N];
    Random random = new Random(3);
    float[] start = new float[N];
    for (int i = 0; i < N; i++) {
      start[i] = (float) random.nextGaussian();
      expected[i] = start[i];
    }
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      AdamW optimizer =
          new AdamW(
              manager, FIT, ParameterLayout.of(TinyModels.grey()), new float[N], new float[N], 0);
      var parameters = manager.create(start);
      int clipped = 0;
      for (int step = 1; step <= STEPS; step++) {
        double rate = 0.01 * step;
        double scale = Math.pow(10, random.nextInt(5) - 3);
        float[] gradient = new float[N];
        double square = 0;
        for (int i = 0; i < N; i++) {
          gradient[i] = (float) (scale * random.nextGaussian());
          square += (double) gradient[i] * gradient[i];
        }
        double norm = Math.sqrt(square);
        double clip = Math.min(1, FIT.optimisation().clipNorm() / (norm + 1e-6));
        clipped += clip < 1 ? 1 : 0;
        for (int i = 0; i < N; i++) {
          double g = gradient[i] * clip;
          m[i] = 0.9 * m[i] + 0.1 * g;
          v[i] = 0.99 * v[i] + 0.01 * g * g;
          double mHat = m[i] / (1 - Math.pow(0.9, step));
          double vHat = v[i] / (1 - Math.pow(0.99, step));
          expected[i] -= rate * FIT.optimisation().weightDecay() * expected[i];
          expected[i] -= rate * mHat / (Math.sqrt(vHat) + 1e-8);
        }
        double reported = optimizer.step(parameters, manager.create(gradient), rate);
        assertThat(reported).isCloseTo(norm, within(1e-6 * norm));
        for (int i = 0; i < N; i++) {
          assertThat((double) parameters.getFloat(i)).isCloseTo(expected[i], within(1e-5));
        }
      }
      assertThat(clipped).isBetween(3, STEPS - 3);
      assertClose(optimizer.firstMoment(), m);
      assertClose(optimizer.secondMoment(), v);
    }
  }

  /** A monotone schedule's interior has a rate of its own, and its gradient is its own affair. */
  @Test
  void shouldKeepTheInteriorOutOfTheClipping() {
    FitConfiguration fit = FitConfiguration.parse("{\"schedule\": \"LEARNED_MONOTONE\"}");
    ParameterLayout layout = ParameterLayout.of(fit.model(new ImageShape(1, 8, 8)));
    int n = layout.size();
    int inside = layout.interiorStart();
    float[] gradient = new float[n];
    gradient[inside] = 1e6f;
    gradient[n - 1] = 3;
    gradient[0] = 4;
    for (boolean continuous : new boolean[] {true, false}) {
      FitConfiguration timed = continuous ? fit : fit.with(Map.of("timesteps", 10));
      try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
        AdamW optimizer = new AdamW(manager, timed, layout, new float[n], new float[n], 0);
        double norm = optimizer.step(manager.zeros(new Shape(n)), manager.create(gradient), 1e-3);
        float[] moment = optimizer.firstMoment();
        assertThat(norm).isCloseTo(continuous ? 5 : 1e6, within(1.0));
        assertThat((double) moment[inside])
            .isCloseTo(continuous ? 1e5 : 0.1, within(continuous ? 1.0 : 1e-4));
        assertThat((double) moment[n - 1]).isCloseTo(continuous ? 0.06 : 3e-7, within(1e-6));
      }
    }
  }

  @Test
  void shouldLeaveTheScheduleAloneUntilItsFirstStep() {
    FitConfiguration fit =
        FitConfiguration.parse("{\"schedule\": \"LEARNED_MONOTONE\", \"scheduleFromStep\": 2}");
    ParameterLayout layout = ParameterLayout.of(fit.model(new ImageShape(1, 8, 8)));
    int n = layout.size();
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    try (NDManager manager = TorchRuntime.engine().newBaseManager()) {
      AdamW optimizer = new AdamW(manager, fit, layout, new float[n], new float[n], 0);
      var parameters = manager.create(ones);
      for (int step = 1; step <= 3; step++) {
        float[] before = parameters.toFloatArray();
        optimizer.step(parameters, manager.create(ones), 1e-3);
        float[] after = parameters.toFloatArray();
        for (int i : new int[] {0, layout.interiorStart(), layout.scheduleSize() - 1}) {
          assertThat(after[i] == before[i]).as("parameter %d stays", i).isEqualTo(step <= 2);
        }
        assertThat(after[layout.scheduleSize()]).isNotEqualTo(before[layout.scheduleSize()]);
      }
    }
  }

  private static void assertClose(float[] actual, double[] expected) {
    for (int i = 0; i < N; i++) {
      assertThat((double) actual[i])
          .isCloseTo(expected[i], within(1e-5 * Math.abs(expected[i]) + 1e-9));
    }
  }
}
