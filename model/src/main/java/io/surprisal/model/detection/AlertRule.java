package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Alerts on images of low likelihood, bits/dim in the right tail of what normal, held-out images
 * scored, and, where the release has a {@link Typicality}, on untypical ones. With n calibration
 * images the conformal p-value of a score is (1 + #{calibration ≥ score})/(n + 1) (Vovk, Gammerman
 * &amp; Shafer 2005).
 *
 * <p>The n images cut the line of scores into n + 1 blocks that an exchangeable image falls into
 * with equal chances; r = ⌊rate (n + 1)⌋ of them alert. With bits/dim alone they are the highest r.
 * With typicality they are the highest ⌈r/2⌉, and then, among the images that do not lie there, the
 * ⌊r/2⌋ blocks of the highest untypicality: they are statistically equivalent too (Tukey 1947, of
 * Wald 1943). Where the release knows what local evidence is normal, that comes first with ⌈r/2⌉
 * blocks, and the others share the rest. So for all reasons together the chance of a false alert is
 * at most the rate, whatever the distribution; over calibrations it follows Beta(r, n + 1 − r).
 *
 * <p>Without a calibration, or with one too small for the rate, nothing alerts: {@link #silence()}
 * says why.
 */
public final class AlertRule {
  private final Optional<Tail> likelihood;
  private final Optional<Untypicality> untypicality;
  private final Optional<Locality> locality;
  private final double alertRate;
  private final Optional<String> silence;
  private final OptionalDouble calibratedMean;

  private record Untypicality(Typicality of, Tail tail) {}

  private record Locality(LocalNormal of, Tail tail) {}

  private AlertRule(
      Optional<Tail> likelihood,
      Optional<Untypicality> untypicality,
      Optional<Locality> locality,
      double alertRate,
      Optional<String> silence) {
    this.likelihood = likelihood;
    this.untypicality = untypicality;
    this.locality = locality;
    this.alertRate = alertRate;
    this.silence = silence;
    calibratedMean = likelihood.stream().mapToDouble(tail -> mean(tail.ascending())).findFirst();
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
            c.local()
                .map(of -> new Locality(of, Tail.cut(c.locality(), 0, new boolean[c.images()]))),
            alertRate,
            "an alert rate of %s needs at least %d calibration images, the release has %d: name a higher rate, or run surprisal calibrate with more"
                .formatted(alertRate, (long) Math.ceil(1 / alertRate) - 1, c.images()));
      }
      return of(c, alertRate);
    }
    return silent(
        Optional.empty(),
        alertRate,
        "the release is not calibrated: surprisal calibrate gives it a calibration");
  }

  private static AlertRule of(Calibration c, double alertRate) {
    c.typicality().ifPresent(typicality -> requireTraits(typicality, c));
    boolean[] gone = new boolean[c.images()];
    int blocks = rank(alertRate, c.images());
    Optional<Locality> locality = Optional.empty();
    if (c.local().isPresent()) {
      Tail tail = Tail.cut(c.locality(), blocks - blocks / 2, gone);
      locality = Optional.of(new Locality(c.local().get(), tail));
      blocks /= 2;
    }
    int likelihoodBlocks = c.typicality().isPresent() ? blocks - blocks / 2 : blocks;
    Tail likelihood = Tail.cut(c.bitsPerDim(), likelihoodBlocks, gone);
    int others = blocks - likelihoodBlocks;
    return new AlertRule(
        Optional.of(likelihood),
        c.typicality().map(of -> new Untypicality(of, Tail.cut(c.untypicality(), others, gone))),
        locality,
        alertRate,
        Optional.empty());
  }

  private static AlertRule silent(Optional<Locality> locality, double alertRate, String reason) {
    return new AlertRule(
        Optional.empty(), Optional.empty(), locality, alertRate, Optional.of(reason));
  }

  private static void requireTraits(Typicality of, Calibration c) {
    if (of.centre().size() != TypicalityFit.traits(c.evaluations())) {
      throw new IllegalArgumentException(
          "the release's typicality is of %d traits, %d evaluations have %d"
              .formatted(
                  of.centre().size(), c.evaluations(), TypicalityFit.traits(c.evaluations())));
    }
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
        likelihood
            .orElseThrow(() -> new IllegalStateException(silence.orElseThrow()))
            .ascending()
            .length;
    int rank = rank(alertRate, n);
    return new BetaBinomial(normalImages, rank, n + 1 - rank);
  }

  /** Bits/dim above which an image alerts for low likelihood; empty where the rule never does. */
  public OptionalDouble threshold() {
    return likelihood.stream().mapToDouble(Tail::threshold).filter(Double::isFinite).findFirst();
  }

  /** Untypicality above which an image alerts as untypical; empty where the rule never does. */
  public OptionalDouble untypicalityThreshold() {
    return untypicality.stream()
        .mapToDouble(test -> test.tail().threshold())
        .filter(Double::isFinite)
        .findFirst();
  }

  /**
   * The local statistic above which an image alerts for a part of it, and above which its parts are
   * outlined; empty where the rule never does.
   */
  public OptionalDouble localThreshold() {
    return locality.stream()
        .mapToDouble(test -> test.tail().threshold())
        .filter(Double::isFinite)
        .findFirst();
  }

  /**
   * Where an image is more surprising than normal ones are there; empty where the release does not
   * know.
   */
  public Optional<LocalEvidence> localEvidence(ImageLikelihood image) {
    return locality.flatMap(
        test -> image.evidence().map(evidence -> new LocalEvidence(evidence, test.of())));
  }

  /** Mean calibration score, bits/dim; empty where the rule never alerts. */
  public OptionalDouble calibratedMean() {
    return calibratedMean;
  }

  /**
   * The parts of an image to outline, at the network's scale: those more surprising than any part
   * of all but the alert rate's share of normal images. None where the rule never alerts for one.
   */
  public List<LocalEvidence.Box> boxes(LocalEvidence evidence) {
    return evidence.above(localThreshold().orElse(Double.POSITIVE_INFINITY));
  }

  /** Judges one score. */
  public Verdict judge(ImageLikelihood image) {
    return judge(image, localEvidence(image));
  }

  /**
   * Judges one score.
   *
   * @param evidence of the same image, see {@link #localEvidence}
   */
  public Verdict judge(ImageLikelihood image, Optional<LocalEvidence> evidence) {
    boolean local = false;
    OptionalDouble localPValue = OptionalDouble.empty();
    if (locality.isPresent() && evidence.isPresent()) {
      Tail tail = locality.get().tail();
      float value = (float) evidence.get().statistic();
      local = tail.alerts(value);
      localPValue = OptionalDouble.of(tail.pValue(value));
    }
    if (likelihood.isEmpty()) {
      return new Verdict(
          false,
          false,
          false,
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          localPValue,
          OptionalDouble.empty());
    }
    Tail bits = likelihood.get();
    float score = (float) image.bitsPerDim();
    boolean atypical = false;
    OptionalDouble atypicalPValue = OptionalDouble.empty();
    if (untypicality.isPresent()) {
      Untypicality test = untypicality.get();
      float value = (float) test.of().untypicality(TypicalityFit.traits(image));
      atypical = test.tail().alerts(value);
      atypicalPValue = OptionalDouble.of(test.tail().pValue(value));
    }
    return new Verdict(
        bits.alerts(score),
        atypical,
        local,
        OptionalDouble.of(bits.pValue(score)),
        atypicalPValue,
        localPValue,
        threshold());
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
}
