package io.surprisal.service.bench;

import ai.djl.Device;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.StageTimes;
import io.surprisal.model.training.TrainingSpeed;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * How long the optimiser steps of a fit take.
 *
 * @param millisPerImage of whole steps
 * @param stageMillis where the time of a step goes
 */
record OptimiserSteps(Timing millisPerImage, Stages stageMillis) {

  /** Medians over the steps, milliseconds; what each is, {@link StageTimes} says. */
  record Stages(
      double data, double forward, double backward, double sum, double optimizer, double average) {
    private static Stages of(List<StageTimes> steps) {
      return new Stages(
          median(steps, StageTimes::data),
          median(steps, StageTimes::forward),
          median(steps, StageTimes::backward),
          median(steps, StageTimes::sum),
          median(steps, StageTimes::optimizer),
          median(steps, StageTimes::average));
    }

    private static double median(List<StageTimes> steps, ToLongFunction<StageTimes> stage) {
      return Median.of(steps.stream().mapToDouble(s -> stage.applyAsLong(s) * 1e-6).toArray());
    }
  }

  /**
   * Trains an untrained model on images of random pixels.
   *
   * @param fit how; what it says of the network does not count
   * @param workers parts of a batch side by side
   * @param passes how many steps
   */
  static OptimiserSteps measure(
      ModelConfiguration model, FitConfiguration fit, Device device, int workers, Passes passes) {
    try (TrainingSpeed speed =
        new TrainingSpeed(
            model, fit, new RandomImages(model, fit.step().batch()), device, workers)) {
      return of(passes.measure(speed::step), fit.step().batch());
    }
  }

  /** Sums steps up. */
  static OptimiserSteps of(List<StageTimes> steps, int batch) {
    return new OptimiserSteps(
        Timing.of(steps.stream().mapToDouble(s -> s.total() * 1e-6 / batch).toArray()),
        Stages.of(steps));
  }
}
