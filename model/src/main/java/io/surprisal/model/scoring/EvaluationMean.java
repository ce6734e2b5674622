package io.surprisal.model.scoring;

import java.util.Arrays;
import java.util.Optional;

/** Puts the evaluations of an image together to its bound. Threads may share an instance. */
final class EvaluationMean {
  private final BoundEstimator estimator;
  private final int[] order;
  private final int dimensions;

  /**
   * Of images of one shape.
   *
   * @param order {@link Stages#order} of the estimator's
   * @param dimensions D of an image
   */
  EvaluationMean(BoundEstimator estimator, int[] order, int dimensions) {
    this.estimator = estimator;
    this.order = order;
    this.dimensions = dimensions;
  }

  /**
   * What the evaluations of the stages up to {@code evaluations} say.
   *
   * @throws IllegalStateException if they are not made
   */
  ImageLikelihood of(ImageEvaluation image, int evaluations) {
    if (evaluations < 1 || evaluations > image.done()) {
      throw new IllegalStateException(
          evaluations + " evaluations of an image that has had " + image.done());
    }
    double bitsPerNat = 1 / (dimensions * Math.log(2));
    int[] positions = estimator.stages().ascending(evaluations);
    double[] times = new double[evaluations];
    double[] bits = new double[evaluations];
    float[] meanErrors = new float[evaluations];
    float[] gammas = new float[evaluations];
    Levels at = image.levels();
    for (int i = 0; i < evaluations; i++) {
      int evaluation = order[positions[i]];
      double squaredError = image.squaredErrors()[positions[i]];
      times[i] = at.times()[evaluation];
      bits[i] =
          at.weights()[evaluation] * squaredError * bitsPerNat - image.controls()[positions[i]];
      meanErrors[i] = (float) (squaredError / dimensions);
      gammas[i] = (float) at.gammas()[evaluation];
    }
    Adjustment adjustment = estimator.adjustment(evaluations);
    double prior = image.priorNats() * bitsPerNat;
    double reconstruction = image.reconstructionNats() * bitsPerNat;
    double diffusion = Arrays.stream(bits).average().orElseThrow() - adjustment.bias();
    return new ImageLikelihood(
        prior + diffusion + reconstruction,
        adjustment.error(MonteCarloError.ofMean(times, bits), evaluations),
        prior,
        diffusion,
        reconstruction,
        gammas,
        meanErrors,
        evaluations,
        image.plain(),
        evaluations == image.done() ? image.evidence() : Optional.empty());
  }
}
