package io.surprisal.model.scoring;

import io.surprisal.model.release.Calibration;

/**
 * What turns the raw mean of an image's evaluations into its score.
 *
 * @param bias subtracted from every score, bits/dim
 * @param biasError standard error of {@code bias}, which all scores share
 * @param errorScale factor on the upper estimate of an image's Monte-Carlo error
 */
record Adjustment(double bias, double biasError, double errorScale) {
  static final Adjustment NONE = new Adjustment(0, 0, 1);

  /** Of scores at the release's fixed noise levels. */
  static Adjustment atFixedLevels(Calibration.Correction measured) {
    return new Adjustment(measured.bias(), measured.standardError(), measured.errorScale());
  }

  /** Of scores at levels that are drawn with the noise, which have no bias. */
  static Adjustment atRandomLevels(Calibration.Correction measured) {
    return new Adjustment(0, 0, measured.randomErrorScale());
  }
}
