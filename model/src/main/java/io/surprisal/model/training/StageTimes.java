package io.surprisal.model.training;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Where the wall-clock time of an optimiser step went, nanoseconds. Passes that run side by side
 * count with their mean.
 *
 * @param data collecting the images and drawing the noise
 * @param forward from images to the loss
 * @param backward from the loss to the gradient
 * @param sum of the workers' gradients, with the schedule's part and the check that it is finite
 * @param optimizer clipping and AdamW
 * @param average the moving average of the weights
 */
public record StageTimes(
    long data, long forward, long backward, long sum, long optimizer, long average) {

  static final StageTimes NONE = new StageTimes(0, 0, 0, 0, 0, 0);

  static StageTimes passes(long forward, long backward) {
    return new StageTimes(0, forward, backward, 0, 0, 0);
  }

  /** Passes of several parts, {@code workers} of them at a time. */
  static StageTimes sideBySide(List<StageTimes> parts, int workers) {
    return passes(
        total(parts, StageTimes::forward) / workers, total(parts, StageTimes::backward) / workers);
  }

  private static long total(List<StageTimes> parts, ToLongFunction<StageTimes> stage) {
    return parts.stream().mapToLong(stage).sum();
  }

  /** The whole step. */
  public long total() {
    return data + forward + backward + sum + optimizer + average;
  }

  StageTimes withData(long nanos) {
    return new StageTimes(nanos, forward, backward, sum, optimizer, average);
  }

  StageTimes withSum(long nanos) {
    return new StageTimes(data, forward, backward, nanos, optimizer, average);
  }

  StageTimes withUpdates(long optimizerNanos, long averageNanos) {
    return new StageTimes(data, forward, backward, sum, optimizerNanos, averageNanos);
  }
}
