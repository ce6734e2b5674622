package io.surprisal.model.release;

import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
 * @param configuration how it was trained, field by field as the user chooses them; empty where
 *     nobody knows
 * @param pngBitsPerDim what PNG makes of held-out images, bits/dim; NaN where there are none
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
    Map<String, Object> configuration,
    double pngBitsPerDim,
    boolean averaged,
    List<Point> history) {

  /** Points of a curve since its best one, and bits/dim above it, that say over-fitting. */
  private static final int OVERFITTING_POINTS = 3;

  private static final double OVERFITTING_RISE = 0.01;

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
    // The first releases lack both.
    configuration =
        configuration == null
            ? Map.of()
            : Collections.unmodifiableMap(new LinkedHashMap<>(configuration));
    pngBitsPerDim = pngBitsPerDim == 0 ? Double.NaN : pngBitsPerDim;
    history = List.copyOf(history);
  }

  /**
   * The best point of a curve whose held-out bits/dim has turned up since: more training has made
   * it worse. All points score the same images with the same noise, so that a small rise that lasts
   * is no accident.
   *
   * @return empty while the curve falls, wobbles or is flat
   */
  public static Optional<Point> overfittedSince(List<Point> history) {
    if (history.isEmpty()) {
      return Optional.empty();
    }
    Point best = Collections.min(history, Comparator.comparingDouble(Point::heldOutBitsPerDim));
    Point last = history.get(history.size() - 1);
    boolean lasts = history.size() - 1 - history.indexOf(best) >= OVERFITTING_POINTS;
    double rise = last.heldOutBitsPerDim() - best.heldOutBitsPerDim();
    return lasts && rise > OVERFITTING_RISE ? Optional.of(best) : Optional.empty();
  }
}
