package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.StoppingRule;
import java.util.HashMap;
import java.util.Map;

/**
 * Stops an image once its verdict against a threshold is certain: the score after a stage is
 * further from the threshold than the scores after that stage are from the final ones, at the
 * confidence asked for (normal quantiles of the distance that the calibration measured).
 */
public final class CertainVerdict implements StoppingRule {
  private final double threshold;

  /** Least distance from the threshold by number of evaluations, bits/dim. */
  private final Map<Integer, Double> margins = new HashMap<>();

  /**
   * A rule.
   *
   * @param calibration of the release, with its stages
   * @param threshold above which an image is alerted on, bits/dim
   * @param deviations how many standard deviations make certain, above 0: 3 errs once in 740 images
   *     at the margin, on one side
   */
  public CertainVerdict(Calibration calibration, double threshold, double deviations) {
    if (!(deviations > 0)) {
      throw new IllegalArgumentException("deviations is " + deviations + ", must be above 0");
    }
    this.threshold = threshold;
    for (Calibration.Correction stage : calibration.corrections()) {
      margins.put(stage.evaluations(), deviations * stage.distance());
    }
  }

  @Override
  public boolean settled(ImageLikelihood likelihood) {
    Double margin = margins.get(likelihood.evaluations());
    return margin != null && Math.abs(likelihood.bitsPerDim() - threshold) > margin;
  }
}
