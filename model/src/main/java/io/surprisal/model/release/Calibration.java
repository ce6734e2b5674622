package io.surprisal.model.release;

import java.util.List;
import java.util.Optional;

/**
 * What normal, held-out images score under a release, measured with the serving number of
 * evaluations and precision.
 *
 * @param evaluations K of the measurement
 * @param precision of the measurement, such as {@code float32}
 * @param scores of the calibration images
 * @param corrections for each K the bias of the release's fixed noise levels
 * @param lossProfile the diffusion loss of the calibration images over time; earlier releases were
 *     calibrated without one
 * @param control what made the scores vary less; they are to be compared with scores that it is
 *     used for too. Empty where there were too few images to fit one, and in earlier releases
 * @param typicality what else than their bits/dim is normal of images. Empty where there were too
 *     few images to fit it, where the evaluations have several stages, and in earlier releases
 * @param local what local evidence is normal. Empty where none was measured, and in earlier
 *     releases
 */
public record Calibration(
    int evaluations,
    String precision,
    CalibrationScores scores,
    List<Correction> corrections,
    LossProfile lossProfile,
    Optional<ControlVariate> control,
    Optional<Typicality> typicality,
    Optional<LocalNormal> local) {

  /**
   * What was measured about the estimate at one K: the bias that fixed noise levels bring, which is
   * subtracted from every score, and how large its Monte-Carlo error really is. An image's own
   * evaluations show an upper estimate of that error only, since they cannot tell noise from the
   * curvature of the loss over the noise levels.
   *
   * @param evaluations K
   * @param bias mean of (fixed levels − random levels), bits/dim
   * @param standardError of {@code bias}, bits/dim
   * @param errorScale measured error at fixed levels over its upper estimate, root mean squares;
   *     NaN where K is below 3
   * @param randomErrorScale the same where the levels are random too; NaN where not measured
   * @param distance root mean square of (score after these evaluations − score after all),
   *     bits/dim; 0 for the last stage, and where nothing was measured
   * @param monteCarloError of one image's score at fixed levels, root mean square, bits/dim; 0
   *     where it was not measured
   */
  public record Correction(
      int evaluations,
      double bias,
      double standardError,
      double errorScale,
      double randomErrorScale,
      double distance,
      double monteCarloError) {

    /** Where the Monte-Carlo error of an image is not known but by its evaluations. */
    public Correction(
        int evaluations,
        double bias,
        double standardError,
        double errorScale,
        double randomErrorScale,
        double distance) {
      this(evaluations, bias, standardError, errorScale, randomErrorScale, distance, 0);
    }

    /** Of the only stage. */
    public Correction(
        int evaluations,
        double bias,
        double standardError,
        double errorScale,
        double randomErrorScale) {
      this(evaluations, bias, standardError, errorScale, randomErrorScale, 0);
    }
  }

  /**
   * @throws IllegalArgumentException if there are no scores, or a number is impossible
   */
  public Calibration {
    requireBoth("untypicalities", typicality.isPresent(), scores, scores.untypicality());
    requireBoth("local statistics", local.isPresent(), scores, scores.locality());
    if (evaluations < 1 || precision == null) {
      throw new IllegalArgumentException(
          "calibration: " + evaluations + " evaluations in " + precision);
    }
    corrections = corrections == null ? List.of() : List.copyOf(corrections);
    for (Correction correction : corrections) {
      if (!Double.isFinite(correction.bias())
          || !Double.isFinite(correction.standardError())
          || correction.standardError() < 0
          || !(correction.distance() >= 0)
          || !(correction.monteCarloError() >= 0)) {
        throw new IllegalArgumentException("calibration: " + correction + " must be finite");
      }
    }
  }

  private static void requireBoth(
      String name, boolean known, CalibrationScores scores, float[] values) {
    if (values.length != (known ? scores.bitsPerDim().length : 0)) {
      throw new IllegalArgumentException(
          "calibration: %d scores with %d %s"
              .formatted(scores.bitsPerDim().length, values.length, name));
    }
  }

  /** A calibration on images of which no source is told apart. */
  public Calibration(
      int evaluations,
      String precision,
      float[] bitsPerDim,
      List<Correction> corrections,
      LossProfile lossProfile,
      Optional<ControlVariate> control,
      Optional<Typicality> typicality,
      float[] untypicality,
      Optional<LocalNormal> local,
      float[] locality) {
    this(
        evaluations,
        precision,
        new CalibrationScores(bitsPerDim, untypicality, locality, CalibrationSources.UNKNOWN),
        corrections,
        lossProfile,
        control,
        typicality,
        local);
  }

  /** A calibration without local evidence. */
  public Calibration(
      int evaluations,
      String precision,
      float[] bitsPerDim,
      List<Correction> corrections,
      LossProfile lossProfile,
      Optional<ControlVariate> control,
      Optional<Typicality> typicality,
      float[] untypicality) {
    this(
        evaluations,
        precision,
        bitsPerDim,
        corrections,
        lossProfile,
        control,
        typicality,
        untypicality,
        Optional.empty(),
        new float[0]);
  }

  /** A calibration of bits/dim alone. */
  public Calibration(
      int evaluations,
      String precision,
      float[] bitsPerDim,
      List<Correction> corrections,
      LossProfile lossProfile,
      Optional<ControlVariate> control) {
    this(
        evaluations,
        precision,
        bitsPerDim,
        corrections,
        lossProfile,
        control,
        Optional.empty(),
        new float[0]);
  }

  /** A calibration without a control variate. */
  public Calibration(
      int evaluations,
      String precision,
      float[] bitsPerDim,
      List<Correction> corrections,
      LossProfile lossProfile) {
    this(evaluations, precision, bitsPerDim, corrections, lossProfile, Optional.empty());
  }

  /** A calibration without a profile of the loss and a control variate. */
  public Calibration(
      int evaluations, String precision, float[] bitsPerDim, List<Correction> corrections) {
    this(evaluations, precision, bitsPerDim, corrections, LossProfile.UNMEASURED);
  }

  /** Number of calibration images. */
  public int images() {
    return scores.bitsPerDim().length;
  }

  /** Corrected scores of the images, ascending. */
  public float[] bitsPerDim() {
    return scores.bitsPerDim();
  }

  /** Of the images, each at the position of its score; none without {@code typicality}. */
  public float[] untypicality() {
    return scores.untypicality();
  }

  /** Of the images, each at the position of its score; none without {@code local}. */
  public float[] locality() {
    return scores.locality();
  }

  /** Of the images, each at the position of its score. */
  public CalibrationSources sources() {
    return scores.sources();
  }

  /**
   * The calibration on some of the images alone.
   *
   * @param which positions, at least one
   */
  public Calibration only(int[] which) {
    return new Calibration(
        evaluations,
        precision,
        scores.only(which),
        corrections,
        lossProfile,
        control,
        typicality,
        local);
  }
}
