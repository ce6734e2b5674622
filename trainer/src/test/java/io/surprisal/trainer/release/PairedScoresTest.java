package io.surprisal.trainer.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.schemas.SourceStatistics;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

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

    assertThat(scores.worse(TOLERANCE).orElseThrow()).contains("bits/dim rise by at least");
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
      refused += scores.worse(TOLERANCE).isPresent() ? 1 : 0;
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

    assertThat(scores.worse(TOLERANCE).orElseThrow())
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

    assertThat(fewer.worse(TOLERANCE)).isEmpty();
    assertThat(more.worse(TOLERANCE)).isEmpty(); // 9 of 13: p = 0.13
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
}
