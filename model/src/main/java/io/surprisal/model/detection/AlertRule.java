package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Alerts on images of low likelihood: bits/dim in the right tail of what normal, held-out images
 * scored. With n calibration images the conformal p-value is (1 + #{calibration ≥ score})/(n + 1)
 * (Vovk, Gammerman &amp; Shafer 2005), and an alert fires at p ≤ rate. For exchangeable images the
 * chance of a false alert is then at most the rate, whatever their distribution; over calibrations
 * it follows Beta(r, n + 1 − r) with r = ⌊rate (n + 1)⌋.
 *
 * <p>Without a calibration, or with one too small for the rate, nothing alerts: {@link #silence()}
 * says why.
 */
public final class AlertRule {
  private final Optional<float[]> calibrationScores;
  private final double alertRate;
  private final Optional<String> silence;
  private final OptionalDouble calibratedMean;

  private AlertRule(
      Optional<float[]> calibrationScores, double alertRate, Optional<String> silence) {
    this.calibrationScores = calibrationScores;
    this.alertRate = alertRate;
    this.silence = silence;
    calibratedMean = calibrationScores.stream().mapToDouble(AlertRule::mean).findFirst();
  }

  /**
   * The rule for a release that serves with K evaluations at a precision.
   *
   * @param alertRate share of normal images that may alert, in (0, 1)
   * @throws IllegalArgumentException if the release is calibrated, but for another K or precision
   */
  public static AlertRule of(Release release, int evaluations, String precision, double alertRate) {
    return of(release.calibration(), evaluations, precision, alertRate);
  }

  static AlertRule of(
      Optional<Calibration> calibration, int evaluations, String precision, double alertRate) {
    if (!(alertRate > 0 && alertRate < 1)) {
      throw new IllegalArgumentException("alert rate is " + alertRate + ", must be within (0, 1)");
    }
    if (calibration.isPresent()) {
      Calibration c = calibration.get();
      if (c.evaluations() != evaluations || !c.precision().equals(precision)) {
        throw new IllegalArgumentException(
            "the release is calibrated for %d evaluations in %s, not for %d in %s; serve it so, or run surprisal calibrate --evaluations %d --precision %s"
                .formatted(
                    c.evaluations(),
                    c.precision(),
                    evaluations,
                    precision,
                    evaluations,
                    precision));
      }
      if (rank(alertRate, c.images()) < 1) {
        return silent(
            alertRate,
            "an alert rate of %s needs at least %d calibration images, the release has %d: name a higher rate, or run surprisal calibrate with more"
                .formatted(alertRate, (long) Math.ceil(1 / alertRate) - 1, c.images()));
      }
      return new AlertRule(Optional.of(c.bitsPerDim()), alertRate, Optional.empty());
    }
    return silent(
        alertRate, "the release is not calibrated: surprisal calibrate gives it a calibration");
  }

  private static AlertRule silent(double alertRate, String reason) {
    return new AlertRule(Optional.empty(), alertRate, Optional.of(reason));
  }

  /** Why this rule never alerts, with the remedy; empty where it does. */
  public Optional<String> silence() {
    return silence;
  }

  /**
   * How many false alerts m normal images bring: calibration and images are both finite samples.
   *
   * @throws IllegalStateException if the rule never alerts
   */
  public BetaBinomial falseAlerts(int normalImages) {
    int n =
        calibrationScores.orElseThrow(() -> new IllegalStateException(silence.orElseThrow()))
            .length;
    int rank = rank(alertRate, n);
    return new BetaBinomial(normalImages, rank, n + 1 - rank);
  }

  /** The smallest calibration score that alerts, bits/dim; empty where the rule never alerts. */
  public OptionalDouble threshold() {
    return calibrationScores.stream()
        .mapToDouble(ascending -> ascending[ascending.length - rank(alertRate, ascending.length)])
        .findFirst();
  }

  /** Mean calibration score, bits/dim; empty where the rule never alerts. */
  public OptionalDouble calibratedMean() {
    return calibratedMean;
  }

  /** Judges one score. */
  public Verdict judge(ImageLikelihood likelihood) {
    if (calibrationScores.isEmpty()) {
      return new Verdict(false, OptionalDouble.empty(), OptionalDouble.empty());
    }
    float[] ascending = calibrationScores.get();
    int n = ascending.length;
    int atLeastAsHigh = n - firstAtLeast(ascending, (float) likelihood.bitsPerDim());
    double pValue = (1.0 + atLeastAsHigh) / (n + 1);
    return new Verdict(pValue <= alertRate, OptionalDouble.of(pValue), threshold());
  }

  /** r: the largest with r/(n + 1) ≤ rate, in the very arithmetic of the p-value. */
  private static int rank(double alertRate, int n) {
    int rank = (int) Math.round(alertRate * (n + 1));
    return rank / (n + 1.0) <= alertRate ? rank : rank - 1;
  }

  private static double mean(float[] scores) {
    double sum = 0;
    for (float score : scores) {
      sum += score;
    }
    return sum / scores.length;
  }

  private static int firstAtLeast(float[] ascending, float value) {
    int index = Arrays.binarySearch(ascending, value);
    if (index < 0) {
      return -index - 1;
    }
    while (index > 0 && ascending[index - 1] == value) {
      index--;
    }
    return index;
  }
}
