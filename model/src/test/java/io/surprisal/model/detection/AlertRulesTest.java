package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AlertRulesTest {
  private static final double RATE = 0.05;

  /** A source that has always scored higher than others, one that varies more, and small ones. */
  private enum Source {
    USUAL(4, 0.1, 500),
    HIGH(4.5, 0.1, 300),
    WIDE(4, 0.5, 200),
    SMALL(4.2, 0.1, 15),
    SMALLEST(3.8, 0.1, 10);

    private final double mean;
    private final double deviation;
    private final int images;

    Source(double mean, double deviation, int images) {
      this.mean = mean;
      this.deviation = deviation;
      this.images = images;
    }

    float score(Random random) {
      return (float) (mean + deviation * random.nextGaussian());
    }
  }

  private static Calibration calibration(Random random) {
    List<Float> scores = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    for (Source source : Source.values()) {
      for (int i = 0; i < source.images; i++) {
        scores.add(source.score(random));
        sources.add(source.name());
      }
    }
    float[] bitsPerDim = new float[scores.size()];
    for (int i = 0; i < bitsPerDim.length; i++) {
      bitsPerDim[i] = scores.get(i);
    }
    return new Calibration(
        1,
        "float32",
        new CalibrationScores(
            bitsPerDim, new float[0], new float[0], CalibrationSources.of(sources)),
        List.of(),
        LossProfile.UNMEASURED,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static AlertRules rules(Calibration calibration, double rate) {
    return AlertRules.of(Optional.of(calibration), 1, "float32", rate);
  }

  private static ImageLikelihood image(double bitsPerDim) {
    return new ImageLikelihood(bitsPerDim, 0, 0, 0, 0, new float[1], new float[1], 1, 0);
  }

  /**
   * Mean over 200 calibrations of the share of 500 images a source that alert: within five standard
   * errors of the rate for each, and for all small sources together, which fails by chance less
   * than once in a hundred thousand times. By one calibration of all, sources alert on 0 to 30 %.
   */
  @Test
  void shouldKeepTheRateForEachSource() {
    Random random = new Random(41);
    int calibrations = 200;
    int images = 500;
    double[] shares = new double[Source.values().length];
    double[] ofAll = new double[shares.length];
    for (int i = 0; i < calibrations; i++) {
      AlertRules rules = rules(calibration(random), RATE);
      for (Source source : Source.values()) {
        for (int j = 0; j < images; j++) {
          ImageLikelihood image = image(source.score(random));
          shares[source.ordinal()] += rules.of(source.name()).judge(image).alert() ? 1 : 0;
          ofAll[source.ordinal()] += rules.ofAll().judge(image).alert() ? 1 : 0;
        }
      }
    }
    for (Source source : List.of(Source.USUAL, Source.HIGH, Source.WIDE)) {
      double share = shares[source.ordinal()] / calibrations / images;
      // Of one calibration's share by Beta(r, n + 1 − r), and of the images'.
      double variance = RATE * (1 - RATE) * (1.0 / (source.images + 2) + 1.0 / images);
      double rank = AlertRule.rank(RATE, source.images);
      assertThat(share)
          .as(source.name())
          .isCloseTo(rank / (source.images + 1), within(5 * Math.sqrt(variance / calibrations)));
    }
    double small =
        (Source.SMALL.images * shares[Source.SMALL.ordinal()]
                + Source.SMALLEST.images * shares[Source.SMALLEST.ordinal()])
            / (Source.SMALL.images + Source.SMALLEST.images)
            / calibrations
            / images;
    assertThat(small).isBetween(0.02, 0.06); // rank 1 of 25: 1/26
    assertThat(ofAll[Source.USUAL.ordinal()] / calibrations / images).isLessThan(0.001);
    assertThat(ofAll[Source.HIGH.ordinal()] / calibrations / images).isGreaterThan(0.08);
  }

  @Test
  void shouldSayWhoseCalibrationImagesJudge() {
    AlertRules rules = rules(calibration(new Random(42)), RATE);

    assertThat(rules.own()).containsOnlyKeys("USUAL", "HIGH", "WIDE");
    assertThat(rules.group("HIGH")).isEqualTo(AlertRules.Group.SOURCE);
    assertThat(rules.of("HIGH").images()).isEqualTo(300);
    assertThat(rules.group("SMALL")).isEqualTo(AlertRules.Group.OTHERS);
    assertThat(rules.of("SMALL")).isSameAs(rules.of("SMALLEST"));
    assertThat(rules.of("SMALL").images()).isEqualTo(25);
    assertThat(rules.group("never seen")).isEqualTo(AlertRules.Group.ALL);
    assertThat(rules.of("never seen")).isSameAs(rules.ofAll());
  }

  /** With a lower rate fewer sources have enough images, and at last none. */
  @Test
  void shouldJudgeByAllWhereASourceHasTooFew() {
    Calibration calibration = calibration(new Random(43));

    AlertRules rules = rules(calibration, 0.003);
    assertThat(rules.own()).containsOnlyKeys("USUAL");
    assertThat(rules.of("HIGH").images()).isEqualTo(525);
    AlertRules rare = rules(calibration, 0.001);
    assertThat(rare.own()).isEmpty();
    assertThat(rare.group("HIGH")).isEqualTo(AlertRules.Group.ALL);
    AlertRules never = rules(calibration, 1e-5);
    assertThat(never.silence()).isPresent();
    assertThat(never.of("HIGH").judge(image(100)).alert()).isFalse();
  }

  /** What alerts of each source is kept out by its own rule. */
  @Test
  void shouldRestoreTheTailOfEachSource() {
    Random random = new Random(44);
    AlertRules rules = rules(calibration(random), RATE);
    List<Verdict> alerted = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    for (Source source : List.of(Source.HIGH, Source.USUAL)) {
      while (Collections.frequency(sources, source.name()) < 20) {
        Verdict verdict = rules.of(source.name()).judge(image(source.score(random)));
        if (verdict.alert()) {
          alerted.add(verdict);
          sources.add(source.name());
        }
      }
    }
    List<String> normal = new ArrayList<>(Collections.nCopies(380, "HIGH"));
    normal.addAll(Collections.nCopies(38, "USUAL"));

    int[] restored = CensoredTail.restored(alerted, sources, rules, normal);

    // As many as are to be expected of the first, ten times as many of the second.
    assertThat(restored).hasSize(22).startsWith(0, 1, 2).isSorted();
  }

  /** The sum of two counts is no wider than both apart. */
  @Test
  void shouldExpectTheFalseAlertsOfAllSources() {
    AlertRules rules = rules(calibration(new Random(45)), RATE);
    List<String> images = new ArrayList<>(Collections.nCopies(400, "HIGH"));
    CountDistribution one = rules.falseAlerts(images);
    assertThat(one.quantile(0.5)).isBetween(18, 21);
    BetaBinomial law = rules.of("HIGH").falseAlerts(400);
    assertThat(one.quantile(0.99)).isEqualTo(law.quantile(0.99));
    images.addAll(Collections.nCopies(400, "USUAL"));

    CountDistribution both = rules.falseAlerts(images);

    assertThat(both.quantile(0.5)).isBetween(37, 41);
    assertThat(both.quantile(0.999))
        .isBetween(both.quantile(0.5) + 15, 2 * law.quantile(0.999) - 5);
    assertThat(rules.falseAlerts(List.of()).quantile(0.999)).isZero();
  }
}
