package io.surprisal.model.scoring;

import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalNormal;
import java.util.Arrays;
import java.util.Optional;

/** Puts the evaluations of an image together to its bound. Threads may share an instance. */
final class EvaluationMean {
  private final BoundEstimator estimator;
  private final int[] order;
  private final int dimensions;

  /** How many evaluations the terms are of, at most. */
  private final int mostCounted;

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
    mostCounted =
        estimator
            .looks()
            .flatMap(LocalNormal::firstLook)
            .map(FirstLook::evaluations)
            .orElse(estimator.stages().evaluations());
  }

  /**
   * What the evaluations of the stages up to {@code upTo} say. Of a tile that has been looked at
   * again the terms are those of the first look, as of all tiles of its picture.
   *
   * @throws IllegalStateException if they are not made
   */
  ImageLikelihood of(ImageEvaluation image, int upTo) {
    if (upTo < 1 || upTo > image.done()) {
      throw new IllegalStateException(
          upTo + " evaluations of an image that has had " + image.done());
    }
    int evaluations = Math.min(upTo, mostCounted);
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
        upTo == image.done() ? image.evidence() : Optional.empty());
  }
}
