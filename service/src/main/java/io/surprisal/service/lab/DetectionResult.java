package io.surprisal.service.lab;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.evaluation.Bootstrap;
import io.surprisal.model.evaluation.Estimate;
import io.surprisal.model.evaluation.Giveaway;
import io.surprisal.model.evaluation.SamePlace;
import io.surprisal.model.evaluation.Separation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code detect --json} prints. Numbers by measure are under the names of {@link
 * DetectionMeasure}; an interval, of 95 %, is a list of its two ends.
 *
 * @param release its id
 * @param setting how it was measured
 * @param normal the images that the others are compared with
 * @param components the baseline of principal components; null where there is none
 * @param absent what is not measured, and why not
 * @param pairs of the normal images with each anomalous set
 * @param stopped whether the user ended it before all images were scored
 */
record DetectionResult(
    String release,
    @JsonUnwrapped Setting setting,
    Normal normal,
    Optional<Components> components,
    Map<String, String> absent,
    List<Pair> pairs,
    boolean stopped) {

  /**
   * How it was measured.
   *
   * @param evaluationsPerImage K, of an image or of each tile of a picture
   * @param precision of the network's arithmetic
   * @param alertRate that the release's rule is set to
   * @param seed of all that is drawn
   * @param resamples of the bootstrap
   */
  record Setting(
      int evaluationsPerImage, String precision, double alertRate, long seed, int resamples) {}

  /**
   * The normal images.
   *
   * @param images that were scored and compared
   * @param skipped those that could not be used
   * @param alerts share that alerts, by what for; empty where the rule never alerts
   * @param alertsInterval of each
   */
  record Normal(
      int images,
      List<String> skipped,
      Map<String, Double> alerts,
      Map<String, double[]> alertsInterval) {}

  /**
   * The baseline of principal components.
   *
   * @param components how many
   * @param images that they are of
   * @param from where those come from
   */
  record Components(int components, int images, String from) {}

  /**
   * Two sets.
   *
   * @param name of the anomalous one
   * @param figures by measure
   * @param evaluationsPerImage K
   * @param normalImages how many
   * @param images of the anomalous set that were scored
   * @param skipped those that could not be used
   * @param warnings what else tells the two apart
   * @param regions whether what is found lies where it was marked; null where nothing was
   */
  record Pair(
      String name,
      @JsonUnwrapped Figures figures,
      int evaluationsPerImage,
      int normalImages,
      int images,
      List<String> skipped,
      List<String> warnings,
      Optional<Regions> regions) {}

  /**
   * Figures by measure.
   *
   * @param auroc see {@link Separation}
   * @param fpr95 see {@link Separation}
   * @param caughtAt1Percent see {@link Separation}
   * @param caught share of the anomalous images that the release's rule alerts on, by what for, the
   *     combined for anything; empty where it never alerts
   */
  record Figures(
      Map<String, Double> auroc,
      Map<String, double[]> aurocInterval,
      Map<String, Double> fpr95,
      Map<String, double[]> fpr95Interval,
      Map<String, Double> caughtAt1Percent,
      Map<String, double[]> caughtAt1PercentInterval,
      Map<String, Double> caught,
      Map<String, double[]> caughtInterval) {}

  /**
   * Where it was found.
   *
   * @param pictures that have regions
   * @param where share whose strongest window touches one
   * @param samePlace the regions against those of normal pictures; null without any
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Regions(int pictures, double where, double[] whereInterval, Optional<Place> samePlace) {

    static Regions of(RegionStudy.Found found) {
      return new Regions(
          found.pictures(),
          found.where().value(),
          interval(found.where()),
          found.samePlace().map(Place::of));
    }
  }

  /** See {@link SamePlace}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Place(
      double auroc,
      double[] aurocInterval,
      double pairsHigher,
      double[] pairsHigherInterval,
      int pairs) {

    private static Place of(SamePlace of) {
      return new Place(
          of.auroc().value(),
          interval(of.auroc()),
          of.pairsHigher().value(),
          interval(of.pairsHigher()),
          of.pairs());
    }
  }

  private static double[] interval(Estimate of) {
    return new double[] {of.low(), of.high()};
  }

  /** Of the normal images. */
  static Normal normal(ScoredSet scored, List<DetectionMeasure> alerting, Bootstrap bootstrap) {
    Map<String, Double> alerts = new LinkedHashMap<>();
    Map<String, double[]> intervals = new LinkedHashMap<>();
    if (!scored.images().isEmpty()) {
      for (DetectionMeasure measure : alerting) {
        put(measure, bootstrap.share(scored.alerts(measure)), alerts, intervals);
      }
    }
    return new Normal(scored.images().size(), scored.skipped(), alerts, intervals);
  }

  /**
   * Of a pair, neither empty.
   *
   * @param measures that both sets have
   * @param alerting those of them that the rule alerts for
   */
  static Figures figures(
      ScoredSet normal,
      ScoredSet anomalous,
      List<DetectionMeasure> measures,
      List<DetectionMeasure> alerting,
      Bootstrap bootstrap) {
    Figures figures =
        new Figures(
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>());
    for (DetectionMeasure measure : measures) {
      Separation separation =
          Separation.of(normal.values(measure), anomalous.values(measure), bootstrap);
      put(measure, separation.auroc(), figures.auroc, figures.aurocInterval);
      put(measure, separation.fpr95(), figures.fpr95, figures.fpr95Interval);
      put(
          measure,
          separation.caughtAt1Percent(),
          figures.caughtAt1Percent,
          figures.caughtAt1PercentInterval);
    }
    for (DetectionMeasure measure : alerting) {
      put(
          measure,
          bootstrap.share(anomalous.alerts(measure)),
          figures.caught,
          figures.caughtInterval);
    }
    return figures;
  }

  /** What else tells the two sets apart, as sentences. */
  static List<String> warnings(ScoredSet normal, ScoredSet anomalous) {
    return Giveaway.among(normal.traits(), anomalous.traits()).stream()
        .map(Giveaway::sentence)
        .toList();
  }

  private static void put(
      DetectionMeasure measure,
      Estimate estimate,
      Map<String, Double> values,
      Map<String, double[]> intervals) {
    values.put(measure.key(), estimate.value());
    intervals.put(measure.key(), interval(estimate));
  }
}
