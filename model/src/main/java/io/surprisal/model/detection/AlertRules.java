package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.Release;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Which {@link AlertRule} judges the images of a source. A source with enough calibration images is
 * judged by them alone, so that the alert rate holds for it, however its images differ from those
 * of others (Mondrian conformal prediction: Vovk, Lindsay, Nouretdinov &amp; Gammerman 2003). The
 * other sources that the calibration knows are judged together by what is left, where that is
 * enough; where it is not, and a source that the calibration does not know, by all images.
 *
 * <p>Enough is one of the first blocks for each statistic, so that all reasons are looked for: with
 * all three at least 4/rate − 1 images.
 */
public final class AlertRules {
  private final AlertRule all;
  private final Map<String, AlertRule> own;
  private final Optional<AlertRule> others;
  private final Set<String> known;

  /** Whose calibration images judge. */
  public enum Group {
    /** The source's own. */
    SOURCE,
    /** Those of all sources that have too few of their own. */
    OTHERS,
    /** Of all sources. */
    ALL
  }

  private AlertRules(
      AlertRule all, Map<String, AlertRule> own, Optional<AlertRule> others, Set<String> known) {
    this.all = all;
    this.own = Collections.unmodifiableMap(own);
    this.others = others;
    this.known = known;
  }

  /** One rule for all sources. */
  public static AlertRules same(AlertRule rule) {
    return new AlertRules(rule, Map.of(), Optional.empty(), Set.of());
  }

  /**
   * The rules for a release that serves with K evaluations at a precision.
   *
   * @param alertRate share of normal images that may alert, in (0, 1)
   * @throws IllegalArgumentException if the release is calibrated, but for another K or precision
   */
  public static AlertRules of(
      Release release, int evaluations, String precision, double alertRate) {
    return of(release.calibration(), evaluations, precision, alertRate);
  }

  /**
   * The rules by a calibration, as those of its release.
   *
   * @throws IllegalArgumentException if it is for another K or precision
   */
  public static AlertRules of(
      Optional<Calibration> calibration, int evaluations, String precision, double alertRate) {
    AlertRule all = AlertRule.of(calibration, evaluations, precision, alertRate);
    if (calibration.isEmpty() || all.silence().isPresent()) {
      return same(all);
    }
    Calibration c = calibration.get();
    CalibrationSources sources = c.sources();
    int enough = AlertRule.reasonsInTurn(c);
    Map<String, AlertRule> own = new LinkedHashMap<>();
    Set<String> known = new HashSet<>(sources.names());
    for (String name : sources.names()) {
      int[] images = sources.images(name);
      if (AlertRule.rank(alertRate, images.length) >= enough) {
        own.put(name, AlertRule.of(Optional.of(c.only(images)), evaluations, precision, alertRate));
      }
    }
    if (own.isEmpty()) {
      return new AlertRules(all, own, Optional.empty(), known);
    }
    IntPredicate apart = image -> sources.source(image).filter(own::containsKey).isPresent();
    int[] left = IntStream.range(0, c.images()).filter(apart.negate()).toArray();
    Optional<AlertRule> others =
        AlertRule.rank(alertRate, left.length) >= enough
            ? Optional.of(
                AlertRule.of(Optional.of(c.only(left)), evaluations, precision, alertRate))
            : Optional.empty();
    return new AlertRules(all, own, others, known);
  }

  /**
   * The lowest alert rate at which a source is judged by its own calibration images.
   *
   * @param images how many of them the calibration has
   */
  public static double lowestOwnRate(Calibration calibration, int images) {
    return AlertRule.reasonsInTurn(calibration) / (images + 1.0);
  }

  /** The rule that judges a source's images. */
  public AlertRule of(String source) {
    AlertRule its = own.get(source);
    if (its != null) {
      return its;
    }
    return known.contains(source) ? others.orElse(all) : all;
  }

  /** Whose calibration images judge a source's. */
  public Group group(String source) {
    if (own.containsKey(source)) {
      return Group.SOURCE;
    }
    return known.contains(source) && others.isPresent() ? Group.OTHERS : Group.ALL;
  }

  /** The rule on all calibration images, for an image whose source does not matter. */
  public AlertRule ofAll() {
    return all;
  }

  /** The sources that are judged by their own calibration images, by name. */
  public Map<String, AlertRule> own() {
    return own;
  }

  /** Why nothing alerts, with the remedy; empty where something does. */
  public Optional<String> silence() {
    return all.silence();
  }

  /**
   * How many false alerts normal images bring, see {@link AlertRule#falseAlerts}.
   *
   * @param sources of the images, one each
   * @throws IllegalStateException if the rules never alert
   */
  public CountDistribution falseAlerts(List<String> sources) {
    Map<AlertRule, Integer> images = new HashMap<>();
    sources.forEach(source -> images.merge(of(source), 1, Integer::sum));
    List<BetaBinomial> parts = new ArrayList<>();
    images.forEach((rule, count) -> parts.add(rule.falseAlerts(count)));
    return CountDistribution.sum(parts);
  }
}
