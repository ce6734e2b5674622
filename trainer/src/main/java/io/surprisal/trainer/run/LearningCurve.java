package io.surprisal.trainer.run;

import io.surprisal.model.release.TrainingRecord;
import java.util.ArrayList;
import java.util.List;

/** Held-out bits/dim of a run, point by point, and whether they still fall. Not thread-safe. */
final class LearningCurve {
  /** The curve is flat where so many points have not bettered the best before by so much. */
  static final int PLATEAU_POINTS = 6;

  static final double PLATEAU_BITS_PER_DIM = 0.0005;

  private final List<TrainingRecord.Point> points = new ArrayList<>();

  /** Has one point more. */
  void add(TrainingRecord.Point point) {
    points.add(point);
  }

  /** Latest held-out bits/dim; NaN before the first. */
  double heldOutBitsPerDim() {
    return points.isEmpty() ? Double.NaN : points.get(points.size() - 1).heldOutBitsPerDim();
  }

  /** Whether training longer brings nothing: the curve is flat, or rises. */
  boolean isOver() {
    return isFlat() || TrainingRecord.overfittedSince(points).isPresent();
  }

  private boolean isFlat() {
    int before = points.size() - PLATEAU_POINTS;
    return before > 0
        && best(points.subList(before, points.size()))
            > best(points.subList(0, before)) - PLATEAU_BITS_PER_DIM;
  }

  private static double best(List<TrainingRecord.Point> points) {
    return points.stream().mapToDouble(TrainingRecord.Point::heldOutBitsPerDim).min().orElseThrow();
  }
}
