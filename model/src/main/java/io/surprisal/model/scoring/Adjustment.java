package io.surprisal.model.scoring;

import io.surprisal.model.release.Calibration;

/**
 * What turns the raw mean of an image's evaluations into its score.
 *
 * @param bias subtracted from every score, bits/dim
 * @param biasError standard error of {@code bias}, which all scores share
 * @param errorScale factor on the upper estimate of an image's Monte-Carlo error
 * @param usualError Monte-Carlo error of a usual image, bits/dim; NaN where not known
 */
record Adjustment(double bias, double biasError, double errorScale, double usualError) {
  /**
   * Degrees of freedom that what is usual counts for beside those of an image's own evaluations: of
   * eight the scatter tells more of its own chance than of the image.
   */
  private static final double USUAL_FREEDOM = 21;

  static final Adjustment NONE = new Adjustment(0, 0, 1, Double.NaN);

  /** Of scores at the release's fixed noise levels. */
  static Adjustment atFixedLevels(Calibration.Correction measured) {
    return new Adjustment(
        measured.bias(),
        measured.standardError(),
        measured.errorScale(),
        measured.monteCarloError() > 0 ? measured.monteCarloError() : Double.NaN);
  }

  /** Of scores at levels that are drawn with the noise, which have no bias. */
  static Adjustment atRandomLevels(Calibration.Correction measured) {
    return new Adjustment(0, 0, measured.randomErrorScale(), Double.NaN);
  }

  /**
   * The Monte-Carlo error of an image: its variance is what its evaluations say, shrunk towards
   * what is usual by their degrees of freedom (Smyth 2004).
   *
   * @param estimate what its evaluations say, an upper estimate; NaN where they are too few
   * @param evaluations how many they are
   */
  double error(double estimate, int evaluations) {
    if (Double.isNaN(estimate)) {
      return usualError;
    }
    double own = errorScale * estimate;
    if (Double.isNaN(usualError)) {
      return own;
    }
    double freedom = evaluations - 1;
    return Math.sqrt(
        (freedom * own * own + USUAL_FREEDOM * usualError * usualError)
            / (freedom + USUAL_FREEDOM));
  }
}
