package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Alerts on images of low likelihood, bits/dim in the right tail of what normal, held-out images
 * scored, where the release has a {@link Typicality} on untypical ones, and where it knows what
 * local evidence is normal, on images with a part that is more surprising than that.
 *
 * <p>One p-value decides. The n calibration images cut the space of these statistics into n + 1
 * {@link Blocks} that an exchangeable image falls into with equal chances; p is the number of the
 * image's block over n + 1, a conformal p-value (Vovk, Gammerman &amp; Shafer 2005), and an image
 * alerts where p is at most the rate. So for all reasons together the chance of a false alert is at
 * most the rate, whatever the distribution, and no image is set apart to weigh them; over
 * calibrations it follows Beta(r, n + 1 − r), r = ⌊rate (n + 1)⌋. A reason is named where the image
 * lies in one of the first r blocks for its own statistic.
 *
 * <p>Local evidence has every second block, the first one included; the others are bits/dim's and
 * typicality's in turn. With few calibration images the first blocks are all that there is: the
 * smallest p-values are 1/(n + 1) for a part of an image, twice that for bits/dim, and four times
 * for typicality.
 *
 * <p>Without a calibration, or with one too small for the rate, nothing alerts: {@link #silence()}
 * says why.
 */
public final class AlertRule {
  private static final List<Verdict.Reason> TURNS =
      List.of(
          Verdict.Reason.LOCAL,
          Verdict.Reason.LOW_LIKELIHOOD,
          Verdict.Reason.LOCAL,
          Verdict.Reason.ATYPICAL);

  private final Optional<Calibration> calibration;
  private final double alertRate;
  private final Optional<String> silence;
  private final Map<Verdict.Reason, Tail> tails = new EnumMap<>(Verdict.Reason.class);

  /** Empty where nothing alerts. */
  private final Optional<Blocks> blocks;

  private final OptionalDouble calibratedMean;

  private AlertRule(Optional<Calibration> calibration, double alertRate, Optional<String> silence) {
    this.calibration = calibration;
    this.alertRate = alertRate;
    this.silence = silence;
    Map<Verdict.Reason, float[]> values = calibration.map(AlertRule::values).orElseGet(Map::of);
    values.forEach((reason, of) -> tails.put(reason, Tail.of(of)));
    if (silence.isPresent()) {
      blocks = Optional.empty();
      calibratedMean = OptionalDouble.empty();
    } else {
      blocks = Optional.of(new Blocks(values, turns(values.keySet())));
      calibratedMean = OptionalDouble.of(mean(calibration.orElseThrow().bitsPerDim()));
    }
  }

  private static Map<Verdict.Reason, float[]> values(Calibration of) {
    Map<Verdict.Reason, float[]> values = new EnumMap<>(Verdict.Reason.class);
    values.put(Verdict.Reason.LOW_LIKELIHOOD, of.bitsPerDim());
    if (of.typicality().isPresent()) {
      values.put(Verdict.Reason.ATYPICAL, of.untypicality());
    }
    if (of.local().isPresent()) {
      values.put(Verdict.Reason.LOCAL, of.locality());
    }
    return values;
  }

  /** Where a statistic is missing, its blocks go to the others of its half. */
  private static List<Verdict.Reason> turns(Set<Verdict.Reason> present) {
    if (!present.contains(Verdict.Reason.ATYPICAL)) {
      return TURNS.subList(0, 2).stream().filter(present::contains).toList();
    }
    return TURNS.stream().filter(present::contains).toList();
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
      c.typicality().ifPresent(typicality -> requireTraits(typicality, c));
      if (rank(alertRate, c.images()) < 1) {
        return new AlertRule(
            calibration,
            alertRate,
            Optional.of(
                "an alert rate of %s needs at least %d calibration images, the release has %d: name a higher rate, or run surprisal calibrate with more"
                    .formatted(alertRate, (long) Math.ceil(1 / alertRate) - 1, c.images())));
      }
      return new AlertRule(calibration, alertRate, Optional.empty());
    }
    return new AlertRule(
        calibration,
        alertRate,
        Optional.of("the release is not calibrated: surprisal calibrate gives it a calibration"));
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
    int n = blocks.orElseThrow(() -> new IllegalStateException(silence.orElseThrow())).images();
    int rank = rank(alertRate, n);
    return new BetaBinomial(normalImages, rank, n + 1 - rank);
  }

  /** Bits/dim above which an image alerts for low likelihood; empty where the rule never does. */
  public OptionalDouble threshold() {
    return threshold(Verdict.Reason.LOW_LIKELIHOOD);
  }

  /** Untypicality above which an image alerts as untypical; empty where the rule never does. */
  public OptionalDouble untypicalityThreshold() {
    return threshold(Verdict.Reason.ATYPICAL);
  }

  /**
   * The local statistic above which an image alerts for a part of it, and above which its parts are
   * outlined; empty where the rule never does.
   */
  public OptionalDouble localThreshold() {
    return threshold(Verdict.Reason.LOCAL);
  }

  private OptionalDouble threshold(Verdict.Reason reason) {
    return blocks.stream()
        .filter(of -> tails.containsKey(reason))
        .mapToDouble(of -> of.threshold(reason, rank(alertRate, of.images())))
        .filter(Double::isFinite)
        .findFirst();
  }

  /**
   * Where an image is more surprising than normal ones are there; empty where the release does not
   * know.
   */
  public Optional<LocalEvidence> localEvidence(ImageLikelihood image) {
    return calibration
        .flatMap(Calibration::local)
        .flatMap(local -> image.evidence().map(evidence -> new LocalEvidence(evidence, local)));
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
    Map<Verdict.Reason, Float> values = new EnumMap<>(Verdict.Reason.class);
    if (tails.containsKey(Verdict.Reason.LOCAL)) {
      evidence.ifPresent(of -> values.put(Verdict.Reason.LOCAL, (float) of.statistic()));
    }
    if (blocks.isPresent()) {
      values.put(Verdict.Reason.LOW_LIKELIHOOD, (float) image.bitsPerDim());
      calibration
          .flatMap(Calibration::typicality)
          .ifPresent(
              of ->
                  values.put(
                      Verdict.Reason.ATYPICAL, (float) TypicalityFit.untypicality(of, image)));
    }
    Map<Verdict.Reason, Double> pValues = new EnumMap<>(Verdict.Reason.class);
    values.forEach((reason, value) -> pValues.put(reason, tail(reason).pValue(value)));
    return new Verdict(
        blocks.map(of -> reasons(of, values)).orElse(List.of()),
        blocks.stream().mapToDouble(of -> pValue(of, values)).findFirst(),
        pValues,
        blocks.flatMap(of -> decisive(of, values)),
        threshold());
  }

  private Tail tail(Verdict.Reason reason) {
    return Objects.requireNonNull(tails.get(reason));
  }

  private List<Verdict.Reason> reasons(Blocks of, Map<Verdict.Reason, Float> values) {
    int rank = rank(alertRate, of.images());
    return values.entrySet().stream()
        .filter(value -> of.first(value.getKey(), value.getValue()) <= rank)
        .map(Map.Entry::getKey)
        .toList();
  }

  private static double pValue(Blocks of, Map<Verdict.Reason, Float> values) {
    int block =
        values.entrySet().stream()
            .mapToInt(value -> of.first(value.getKey(), value.getValue()))
            .min()
            .orElseThrow();
    return block / (of.images() + 1.0);
  }

  /** Whose block an image that alerts lies in. */
  private Optional<Verdict.Reason> decisive(Blocks of, Map<Verdict.Reason, Float> values) {
    return reasons(of, values).stream()
        .min(
            Comparator.comparingInt(
                reason -> of.first(reason, Objects.requireNonNull(values.get(reason)))));
  }

  /** What share of the alerts of normal images is decided by a statistic. */
  public double share(Verdict.Reason reason) {
    if (blocks.isEmpty() || !tails.containsKey(reason)) {
      return 0;
    }
    int rank = rank(alertRate, blocks.get().images());
    return blocks.get().count(reason, rank) / (double) rank;
  }

  /** How many of the first blocks it takes for each reason of a calibration to have one. */
  static int reasonsInTurn(Calibration calibration) {
    return turns(values(calibration).keySet()).size();
  }

  /** How many calibration images it judges by; 0 without a calibration. */
  public int images() {
    return calibration.map(Calibration::images).orElse(0);
  }

  /** Share of normal images that it is set to alert on. */
  public double alertRate() {
    return alertRate;
  }

  /** r: the largest with r/(n + 1) ≤ rate, in the very arithmetic of the p-value. */
  static int rank(double alertRate, int n) {
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
