package io.surprisal.model.release;

import java.util.List;

/**
 * How a release came to be.
 *
 * @param steps optimiser steps
 * @param images images seen, with repetition
 * @param seconds wall time of training
 * @param seed of initialisation, data order and noise
 * @param data where the images came from, as the user named it
 * @param trainingImages images in the training split
 * @param heldOutImages images in the held-out split, never trained on
 * @param averaged whether the weights are the exponential moving average
 * @param history held-out bits/dim in the course of training
 */
public record TrainingRecord(
    long steps,
    long images,
    double seconds,
    long seed,
    String data,
    int trainingImages,
    int heldOutImages,
    boolean averaged,
    List<Point> history) {

  /**
   * One point of the learning curve.
   *
   * @param step optimiser steps so far
   * @param trainingBitsPerDim mean training loss since the last point; NaN before the first step
   * @param heldOutBitsPerDim bound on held-out images
   * @param gammaMin γ(0)
   * @param gammaMax γ(1)
   */
  public record Point(
      long step,
      double trainingBitsPerDim,
      double heldOutBitsPerDim,
      double gammaMin,
      double gammaMax) {}

  public TrainingRecord {
    history = List.copyOf(history);
  }
}
