package io.surprisal.service.lab;

import io.surprisal.service.cli.Table;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/** A {@link DetectionResult} for people. */
final class DetectionText {
  private static final String NONE = "–";

  private DetectionText() {}

  static void print(DetectionResult result, PrintStream out) {
    DetectionResult.Normal normal = result.normal();
    out.printf(
        Locale.ROOT,
        "%d normal images, %d evaluations each, %s; in brackets 95 %% intervals from %d resamples%n",
        normal.images(),
        result.setting().evaluationsPerImage(),
        result.setting().precision(),
        result.setting().resamples());
    result
        .components()
        .ifPresent(
            c ->
                out.printf(
                    "PCA residual: after %d principal components of %d images, %s%n",
                    c.components(), c.images(), c.from()));
    if (!normal.alerts().isEmpty()) {
      String key = DetectionMeasure.COMBINED.key();
      out.printf(
          Locale.ROOT,
          "alerts at a rate of %s: %s of the normal images%n",
          result.setting().alertRate(),
          text(key, normal.alerts(), normal.alertsInterval()));
    }
    result.absent().forEach((what, why) -> out.printf("no %s: %s%n", what, why));
    result.pairs().forEach(pair -> print(pair, out));
  }

  private static void print(DetectionResult.Pair pair, PrintStream out) {
    out.printf("%n%s: %d images%n", pair.name(), pair.images());
    DetectionResult.Figures figures = pair.figures();
    Table table =
        new Table("by", "AUROC", "FPR at 95 %", "caught at 1 % false alerts", "alerts for it");
    for (DetectionMeasure measure : DetectionMeasure.values()) {
      String key = measure.key();
      if (figures.auroc().containsKey(key)) {
        table.row(
            measure.title(),
            text(key, figures.auroc(), figures.aurocInterval()),
            text(key, figures.fpr95(), figures.fpr95Interval()),
            text(key, figures.caughtAt1Percent(), figures.caughtAt1PercentInterval()),
            text(key, figures.caught(), figures.caughtInterval()));
      }
    }
    table.print(out);
    pair.regions().ifPresent(regions -> print(regions, out));
    pair.warnings().forEach(warning -> out.println("warning: " + warning));
  }

  private static void print(DetectionResult.Regions regions, PrintStream out) {
    out.printf(
        "where: the strongest window is on a marked region in %s of %d marked pictures%n",
        text(regions.where(), regions.whereInterval()), regions.pictures());
    regions
        .samePlace()
        .ifPresentOrElse(
            place ->
                out.printf(
                    "same place: marked regions against the same of normal pictures: AUROC %s, higher in %s of %d pairs%n",
                    text(place.auroc(), place.aurocInterval()),
                    text(place.pairsHigher(), place.pairsHigherInterval()),
                    place.pairs()),
            () -> out.println("same place: no normal picture is of the same place and size"));
  }

  private static String text(
      String key, Map<String, Double> values, Map<String, double[]> intervals) {
    Double value = values.get(key);
    double[] interval = intervals.get(key);
    return value == null || interval == null ? NONE : text(value, interval);
  }

  private static String text(double value, double[] interval) {
    return String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", value, interval[0], interval[1]);
  }
}
