package io.surprisal.service.lab;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What {@code inspect --plot} shows of a release's calibration: what the held-out images score, by
 * each statistic that the alert rule looks at, and above what it alerts.
 */
final class CalibrationPanels {
  private static final int MOST_BARS = 40;

  /** Room beyond the furthest value, in shares of the range, so that a line there is seen. */
  private static final double ROOM = 0.03;

  private final int images;
  private final double rate;

  private CalibrationPanels(int images, double rate) {
    this.images = images;
    this.rate = rate;
  }

  /**
   * A panel for each reason of the rule; one that says what is missing where there is no
   * calibration.
   *
   * @param alertRate share of normal images to alert on; where the calibration is too small for it,
   *     the smallest that it allows is taken
   */
  static List<Panel> of(Release release, double alertRate) {
    Optional<Calibration> known = release.calibration();
    if (known.isEmpty()) {
      return List.of(
          new Panel(
              "Held-out scores",
              "bits/dim",
              List.of(),
              "not calibrated, so it raises no alerts: surprisal calibrate gives it what is normal"));
    }
    Calibration c = known.get();
    double rate = Math.max(alertRate, 1.0 / (c.images() + 1));
    AlertRule rule = AlertRule.of(release, c.evaluations(), c.precision(), rate);
    CalibrationPanels panels = new CalibrationPanels(c.images(), rate);
    List<Panel> all = new ArrayList<>();
    all.add(panels.of("Bits/dim", "bits/dim", c.bitsPerDim(), rule.threshold()));
    c.typicality()
        .map(Typicality::traits)
        .ifPresent(
            traits ->
                all.add(
                    panels.of(
                        "Untypicality",
                        "untypicality, distance in %d traits".formatted(traits),
                        c.untypicality(),
                        rule.untypicalityThreshold())));
    if (c.local().isPresent()) {
      all.add(
          panels.of(
              "Most surprising part",
              "surprise of the most surprising part, σ",
              c.locality(),
              rule.localThreshold()));
    }
    return all;
  }

  private Panel of(String statistic, String xAxis, float[] scores, OptionalDouble threshold) {
    double[] values = IntStream.range(0, scores.length).mapToDouble(i -> scores[i]).toArray();
    double least = Double.POSITIVE_INFINITY;
    double most = threshold.orElse(Double.NEGATIVE_INFINITY);
    for (double value : values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    double room = most > least ? ROOM * (most - least) : 1;
    Histogram histogram =
        Histogram.of(
            values,
            least - room,
            most + room,
            Math.min(MOST_BARS, 4 + (int) (2 * Math.sqrt(images))));
    List<Panel.Curve> curves = new ArrayList<>();
    curves.add(
        new Panel.Curve(
            "held-out images",
            "images",
            Panel.Style.BARS,
            histogram.outlineX(),
            histogram.outlineY()));
    if (threshold.isPresent()) {
      double at = threshold.getAsDouble();
      curves.add(
          new Panel.Curve(
              format("alerts above %.4g at a rate of %.2g", at, rate),
              "images",
              Panel.Style.REFERENCE,
              new double[] {at, at},
              new double[] {0, histogram.tallest()}));
    }
    return new Panel(
        format("%s of %d held-out images", statistic, images)
            + (threshold.isPresent() ? "" : format("; no alerts for it at a rate of %.2g", rate)),
        xAxis,
        curves,
        "");
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
