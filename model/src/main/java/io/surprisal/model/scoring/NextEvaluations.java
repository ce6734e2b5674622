package io.surprisal.model.scoring;

import java.util.stream.IntStream;

/**
 * Which evaluations an image gets next. Threads may share an instance.
 *
 * <p>Of a second look at a tile nothing but local evidence is read: the bound of its picture is
 * that of the first look at all tiles. So it gets those evaluations alone whose noise level shows
 * some.
 */
final class NextEvaluations {
  private final BoundEstimator estimator;
  private final Stages stages;
  private final int[] order;

  NextEvaluations(BoundEstimator estimator) {
    this.estimator = estimator;
    stages = estimator.stages();
    order = stages.order();
  }

  /** {@link Stages#order}; not to be changed. */
  int[] order() {
    return order;
  }

  /** Where the image's next stage ends, a position in {@link #order}. */
  int end(ImageEvaluation image) {
    return stages.next(image.done());
  }

  /**
   * Positions in {@link #order}, ascending, of the evaluations of the image's next stage; none
   * where it is done.
   */
  int[] positions(ImageEvaluation image) {
    IntStream all = IntStream.range(image.done(), end(image));
    if (image.done() == 0 || estimator.looks().isEmpty()) {
      return all.toArray();
    }
    boolean[] shown = estimator.local().orElseThrow().shown(image.levels().gammas());
    return all.filter(position -> shown[order[position]]).toArray();
  }
}
