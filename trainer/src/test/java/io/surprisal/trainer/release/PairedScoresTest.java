package io.surprisal.trainer.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.LossProfile;
import io.surprisal.schemas.SourceStatistics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedScoresTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final double TOLERANCE = 0.01;

  private final Random random = new Random(1);

  /** A window as scorers tell it. */
  private static SourceStatistics.Builder window(String source, int minute, double... differences) {
    int n = differences.length;
    double mean = Arrays.stream(differences).average().orElse(0);
    double squares = Arrays.stream(differences).map(d -> (d - mean) * (d - mean)).sum();
    return SourceStatistics.newBuilder()
        .setSource(source)
        .setWindowStart(START.plusSeconds(60L * minute))
        .setWindowEnd(START.plusSeconds(60L * minute + 60))
        .setReleaseId("active")
        .setImages(10L * n)
        .setAlerts(0)
        .setAlertRate(0)
        .setImagesPartition(0)
        .setCandidateReleaseId("candidate")
        .setCompared(n)
        .setComparedMeanBitsPerDim(n == 0 ? null : 4.0)
        .setCandidateMeanBitsPerDim(n == 0 ? null : 4.0 + mean)
        .setDifferenceStandardError(n < 2 ? null : Math.sqrt(squares / (n - 1) / n));
  }

  private double[] draws(int n, double mean, double deviation) {
    return random.doubles(n).map(u -> mean + deviation * random.nextGaussian()).toArray();
  }

  /** Whoever may write to the topic of statistics may claim anything. */
  @Test
  void shouldNotTakeForAWindowWhatNoScorerTells() {
    assertThat(PairedScores.isSound(window("a", 0, 0.1, 0.2).build())).isTrue();
    assertThat(PairedScores.isSound(window("a", 0).build())).isTrue();
    assertThat(PairedScores.isSound(window("a", 0, 0.1).setCompared(-1).build())).isFalse();
    assertThat(PairedScores.isSound(window("a", 0, 0.1).setNotCompared(-1).build())).isFalse();
    assertThat(PairedScores.isSound(window("a", 0).setCompared(5).build())).isFalse();
    assertThat(
            PairedScores.isSound(window("a", 0, 0.1).setComparedMeanBitsPerDim(Double.NaN).build()))
        .isFalse();
    assertThat(
            PairedScores.isSound(
                window("a", 0, 0.1, 0.2)
                    .setDifferenceStandardError(Double.NEGATIVE_INFINITY)
                    .build()))
        .isFalse();
    assertThat(PairedScores.isSound(window("a", 0, 0.1).setCandidateAlerts(2).build())).isFalse();
    assertThat(PairedScores.isSound(window("a", 0, 0.1).setCommonAlerts(1).build())).isFalse();
  }

  @Test
  void shouldGiveTheSameMeanAndErrorHoweverTheImagesFellIntoWindows() {
    double[] all = draws(100, 0.3, 0.1);
    PairedScores together = new PairedScores();
    together.add(window("a", 0, all).build());
    PairedScores apart = new PairedScores();
    apart.add(window("a", 0, Arrays.copyOfRange(all, 0, 1)).build());
    apart.add(window("b", 0, Arrays.copyOfRange(all, 1, 50)).build());
    apart.add(window("a", 1).build());
    apart.add(window("a", 2, Arrays.copyOfRange(all, 50, 100)).build());

    assertThat(apart.images()).isEqualTo(100);
    assertThat(apart.meanDifference()).isCloseTo(together.meanDifference(), within(1e-9));
    assertThat(apart.standardError()).isCloseTo(together.standardError(), within(1e-9));
  }

  @Test
  void shouldCountAWindowAsItWasToldLast() {
    PairedScores scores = new PairedScores();
    scores.add(window("a", 0, 1, 2).setNotCompared(3).build());
    scores.add(window("a", 0, 1, 2, 3).setNotCompared(4).build());

    assertThat(scores.images()).isEqualTo(3);
    assertThat(scores.leftOut()).isEqualTo(4);
    assertThat(scores.meanDifference()).isCloseTo(2, within(1e-9));
  }

  /**
   * One of 0.02 bits/dim at 0.05 ± 0.05/√500: its bound lies 15 standard errors above the
   * tolerance.
   */
  @Test
  void shouldFindACandidateWorseThatCostsMoreBits() {
    PairedScores scores = new PairedScores();
    scores.add(window("a", 0, draws(500, 0.05, 0.05)).build());

    assertThat(scores.worse(TOLERANCE, 0).orElseThrow()).contains("bits/dim rise by at least");
  }

  /**
   * A candidate that is worse by just the tolerance is refused in at most 1 % of draws: of 2,000 in
   * 20 ± 4.5, in more than 40 with probability 1e-5.
   */
  @Test
  void shouldRefuseFewEqualCandidates() {
    int refused = 0;
    for (int draw = 0; draw < 2000; draw++) {
      PairedScores scores = new PairedScores();
      scores.add(window("a", 0, draws(100, TOLERANCE, 0.2)).build());
      refused += scores.worse(TOLERANCE, 0).isPresent() ? 1 : 0;
    }
    assertThat(refused).isBetween(1, 40);
  }

  @Test
  void shouldFindACandidateWorseThatAlertsOnMoreImages() {
    PairedScores scores = new PairedScores();
    scores.add(
        window("a", 0, draws(500, 0, 0.05))
            .setComparedAlerts(6)
            .setCandidateAlerts(20)
            .setCommonAlerts(5)
            .build());

    assertThat(scores.worse(TOLERANCE, 0).orElseThrow())
        .contains("alerts on 15 live images", "on 1 that it does not");
  }

  @Test
  void shouldNotFindACandidateWorseThatAlertsOnFewerImagesOrALittleMore() {
    PairedScores fewer = new PairedScores();
    fewer.add(
        window("a", 0, draws(500, 0, 0.05)).setComparedAlerts(100).setCandidateAlerts(0).build());
    PairedScores more = new PairedScores();
    more.add(
        window("a", 0, draws(500, 0, 0.05)).setComparedAlerts(4).setCandidateAlerts(9).build());

    assertThat(fewer.worse(TOLERANCE, 0)).isEmpty();
    assertThat(more.worse(TOLERANCE, 0)).isEmpty(); // 9 of 13: p = 0.13
  }

  /**
   * Alerts of two equal releases whose scores agree at 0.9, each with the threshold of a
   * calibration of its own. One in a hundred may be refused; more than 28 of 1,000 are with
   * probability 1e-6. Without the error of the thresholds 36 of 100 were at 5,000 images.
   */
  @ParameterizedTest
  @CsvSource({"400, 500", "400, 5000", "4000, 500", "4000, 5000"})
  void shouldRefuseFewEqualCandidatesForTheirAlertsHoweverManyImagesCalibrate(int n, int images) {
    double rate = 0.01;
    double variance = 2 * PairedScores.thresholdVariance(rate, n);
    int refused = 0;
    int withExactThresholds = 0;
    for (int draw = 0; draw < 1000; draw++) {
      PairedScores scores = alerts(threshold(n, rate), threshold(n, rate), images);
      refused += scores.worse(TOLERANCE, variance).isPresent() ? 1 : 0;
      withExactThresholds += scores.worse(TOLERANCE, 0).isPresent() ? 1 : 0;
    }
    assertThat(refused).isLessThanOrEqualTo(28);
    if (n < images) {
      assertThat(withExactThresholds).isGreaterThan(20);
    }
  }

  @Test
  void shouldStillFindACandidateWorseThatAlertsTwiceAsOften() {
    PairedScores scores = alerts(2.326, 2.054, 5000); // 1 % and 2 %
    assertThat(scores.worse(TOLERANCE, 2 * PairedScores.thresholdVariance(0.01, 4000))).isPresent();
    assertThat(alerts(2.054, 2.326, 5000).worse(TOLERANCE, 0)).isEmpty();
  }

  /** The score that r = rate (n + 1) of n calibration images exceed. */
  private double threshold(int n, double rate) {
    double[] scores = random.doubles(n).map(u -> random.nextGaussian()).sorted().toArray();
    return scores[n - (int) Math.round(rate * (n + 1))];
  }

  private PairedScores alerts(double threshold, double candidateThreshold, int images) {
    int active = 0;
    int candidate = 0;
    int common = 0;
    for (int i = 0; i < images; i++) {
      double score = random.nextGaussian();
      double other = 0.9 * score + Math.sqrt(1 - 0.81) * random.nextGaussian();
      boolean first = score > threshold;
      boolean second = other > candidateThreshold;
      active += first ? 1 : 0;
      candidate += second ? 1 : 0;
      common += first && second ? 1 : 0;
    }
    PairedScores scores = new PairedScores();
    scores.add(
        window("a", 0, new double[images])
            .setComparedAlerts(active)
            .setCandidateAlerts(candidate)
            .setCommonAlerts(common)
            .build());
    return scores;
  }

  /** Values of the binomial distribution, by hand: (1 + 4)/16, 1/2⁶; and of many tosses. */
  @Test
  void shouldKnowHowProbableHeadsAre() {
    assertThat(PairedScores.atLeast(0, 0)).isEqualTo(1);
    assertThat(PairedScores.atLeast(3, 4)).isCloseTo(5.0 / 16, within(1e-12));
    assertThat(PairedScores.atLeast(6, 6)).isCloseTo(1.0 / 64, within(1e-12));
    assertThat(PairedScores.atLeast(0, 5000)).isCloseTo(1, within(1e-9));
    assertThat(PairedScores.atLeast(2501, 5001)).isCloseTo(0.5, within(1e-9));
  }

  @Test
  void shouldSaySoWhereNothingWasCompared() {
    PairedScores scores = new PairedScores();
    scores.add(window("a", 0).setNotCompared(7).build());

    assertThat(scores.summary()).isEqualTo("no image was scored by both, 7 were left out");
  }

  /** Of a source with a calibration of its own its own, of the others that of what is left. */
  @Test
  void shouldKnowHowUncertainTheThresholdsOfSourcesAre() {
    float[] bitsPerDim = new float[600];
    List<String> sources = new ArrayList<>();
    for (int i = 0; i < bitsPerDim.length; i++) {
      bitsPerDim[i] = i;
      sources.add(i < 100 ? "few" : i < 200 ? "as few" : "many");
    }
    Calibration calibration =
        new Calibration(
            1,
            "float32",
            new CalibrationScores(
                bitsPerDim, new float[0], new float[0], CalibrationSources.of(sources)),
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    AlertRules rules = AlertRules.of(Optional.of(calibration), 1, "float32", 0.005);
    assertThat(rules.own()).containsOnlyKeys("many");
    double own = PairedScores.thresholdVariance(0.005, 400);
    double left = PairedScores.thresholdVariance(0.005, 200);
    double all = PairedScores.thresholdVariance(0.005, 600);

    assertThat(PairedScores.thresholdVariance(rules, Map.of("many", 9L))).isEqualTo(own);
    assertThat(PairedScores.thresholdVariance(rules, Map.of("few", 3L, "as few", 5L)))
        .isEqualTo(left);
    assertThat(PairedScores.thresholdVariance(rules, Map.of("many", 6L, "few", 3L, "", 3L)))
        .isCloseTo(own / 4 + (left + all) / 16, within(1e-12));
    assertThat(PairedScores.thresholdVariance(AlertRules.same(rules.ofAll()), Map.of("many", 1L)))
        .isEqualTo(all);
  }
}
