package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Alerts on images of low likelihood, bits/dim in the right tail of what normal, held-out images
 * scored, and, where the release has a {@link Typicality}, on untypical ones. With n calibration
 * images the conformal p-value of a score is (1 + #{calibration ≥ score})/(n + 1) (Vovk, Gammerman
 * &amp; Shafer 2005).
 *
 * <p>The n images cut the line of scores into n + 1 blocks that an exchangeable image falls into
 * with equal chances; r = ⌊rate (n + 1)⌋ of them alert. Without typicality they are the highest r.
 * With it they are the highest ⌈r/2⌉, and then, among the images that do not lie there, the ⌊r/2⌋
 * blocks of the highest untypicality: they are statistically equivalent too (Tukey 1947, of Wald
 * 1943). So for either reason the chance of a false alert is at most the rate, whatever the
 * distribution; over calibrations it follows Beta(r, n + 1 − r).
 *
 * <p>Without a calibration, or with one too small for the rate, nothing alerts: {@link #silence()}
 * says why.
 */
public final class AlertRule {
  private final Optional<float[]> calibrationScores;
  private final Optional<Untypicality> untypicality;
  private final double alertRate;
  private final Optional<String> silence;
  private final OptionalDouble calibratedMean;

  /**
   * The test of typicality.
   *
   * @param of measures it
   * @param ascending of the calibration images
   * @param threshold above which it alerts; infinite where no block is its
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Untypicality(Typicality of, float[] ascending, double threshold) {}

  private AlertRule(
      Optional<float[]> calibrationScores,
      Optional<Untypicality> untypicality,
      double alertRate,
      Optional<String> silence) {
    this.calibrationScores = calibrationScores;
    this.untypicality = untypicality;
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
      return new AlertRule(
          Optional.of(c.bitsPerDim()),
          c.typicality().map(typicality -> untypicality(typicality, c, alertRate)),
          alertRate,
          Optional.empty());
    }
    return silent(
        alertRate, "the release is not calibrated: surprisal calibrate gives it a calibration");
  }

  private static AlertRule silent(double alertRate, String reason) {
    return new AlertRule(Optional.empty(), Optional.empty(), alertRate, Optional.of(reason));
  }

  private static Untypicality untypicality(Typicality of, Calibration c, double alertRate) {
    if (of.centre().size() != TypicalityFit.traits(c.evaluations())) {
      throw new IllegalArgumentException(
          "the release's typicality is of %d traits, %d evaluations have %d"
              .formatted(
                  of.centre().size(), c.evaluations(), TypicalityFit.traits(c.evaluations())));
    }
    int blocks = rank(alertRate, c.images());
    int likelihoodBlocks = blocks - blocks / 2;
    float[] others = Arrays.copyOf(c.untypicality(), c.images() - likelihoodBlocks);
    Arrays.sort(others);
    float[] ascending = c.untypicality().clone();
    Arrays.sort(ascending);
    return new Untypicality(
        of,
        ascending,
        blocks / 2 == 0 ? Double.POSITIVE_INFINITY : others[others.length - blocks / 2]);
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

  /** Bits/dim above which an image alerts for low likelihood; empty where the rule never alerts. */
  public OptionalDouble threshold() {
    return calibrationScores.stream()
        .mapToDouble(ascending -> ascending[ascending.length - likelihoodBlocks(ascending.length)])
        .findFirst();
  }

  /** Mean calibration score, bits/dim; empty where the rule never alerts. */
  public OptionalDouble calibratedMean() {
    return calibratedMean;
  }

  /** Judges one score. */
  public Verdict judge(ImageLikelihood likelihood) {
    if (calibrationScores.isEmpty()) {
      return new Verdict(
          false, false, OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty());
    }
    float[] ascending = calibrationScores.get();
    int higher = atLeast(ascending, (float) likelihood.bitsPerDim());
    boolean atypical = false;
    OptionalDouble atypicalPValue = OptionalDouble.empty();
    if (untypicality.isPresent()) {
      Untypicality test = untypicality.get();
      float value = (float) test.of().untypicality(TypicalityFit.traits(likelihood));
      atypical = value > test.threshold();
      atypicalPValue = OptionalDouble.of(pValue(atLeast(test.ascending(), value), ascending));
    }
    return new Verdict(
        higher < likelihoodBlocks(ascending.length),
        atypical,
        OptionalDouble.of(pValue(higher, ascending)),
        atypicalPValue,
        threshold());
  }

  private static double pValue(int atLeast, float[] calibration) {
    return (1.0 + atLeast) / (calibration.length + 1);
  }

  /** Of r blocks those that alert for low likelihood. */
  private int likelihoodBlocks(int n) {
    int blocks = rank(alertRate, n);
    return untypicality.isPresent() ? blocks - blocks / 2 : blocks;
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

  /** How many values are at least as high as one. */
  private static int atLeast(float[] ascending, float value) {
    int index = Arrays.binarySearch(ascending, value);
    if (index < 0) {
      return ascending.length + index + 1;
    }
    while (index > 0 && ascending[index - 1] == value) {
      index--;
    }
    return ascending.length - index;
  }
}
