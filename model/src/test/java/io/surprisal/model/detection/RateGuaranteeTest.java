package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateGuaranteeTest {

  /** The ranks of arXiv 2104.08279 at 1 % and 95 % confidence, and those of the average. */
  @ParameterizedTest
  @CsvSource({"2000, 20, 13", "4000, 40, 30", "10000, 100, 84"})
  void shouldGiveThePublishedRanks(int images, int average, int sure) {
    RateGuarantee guarantee = RateGuarantee.of(images, 0.01);
    assertThat(guarantee.onAverage() * (images + 1)).isCloseTo(average, within(1e-9));
    assertThat(guarantee.toBeSure() * (images + 1)).isCloseTo(sure, within(1e-9));
  }

  /**
   * Both meanings by drawing: of 4,000 calibrations of 199 uniform scores, the mean share of normal
   * images that alert at 5 % is 10 of 200, and it is at most what is said in 95 %. Five standard
   * errors: fails by chance with a probability below 2e-6.
   */
  @Test
  void shouldHoldInBothMeanings() {
    int images = 199;
    int trials = 4000;
    RateGuarantee guarantee = RateGuarantee.of(images, 0.05);
    RateGuarantee sure = RateGuarantee.of(images, guarantee.toBeSure());
    assertThat(guarantee.onAverage()).isEqualTo(0.05);
    Random random = new Random(21);
    double sum = 0;
    int below = 0;
    int belowWhenSure = 0;
    for (int trial = 0; trial < trials; trial++) {
      double[] scores = random.doubles(images).sorted().toArray();
      double share = 1 - scores[images - 10];
      double shareWhenSure = 1 - scores[images - (int) Math.round(sure.rate() * 200)];
      sum += share / trials;
      below += share <= guarantee.atMost() ? 1 : 0;
      belowWhenSure += shareWhenSure <= 0.05 ? 1 : 0;
    }
    double error = Math.sqrt(0.05 * 0.95 / trials);
    assertThat(sum).isCloseTo(0.05, within(5 * Math.sqrt(0.05 * 0.95 / 201 / trials)));
    assertThat(below / (double) trials).isCloseTo(0.95, within(5 * error));
    assertThat(belowWhenSure / (double) trials).isGreaterThan(0.95 - 5 * error);
    assertThat(sure.onAverage()).isLessThan(0.05);
  }

  @Test
  void shouldSayThatNothingAlertsWithTooFewImages() {
    assertThat(RateGuarantee.of(98, 0.01)).isEqualTo(new RateGuarantee(0.01, 0, 0, 0));
    assertThat(RateGuarantee.of(99, 0.01).onAverage()).isEqualTo(0.01);
    assertThat(RateGuarantee.of(99, 0.01).toBeSure()).isZero();
    assertThat(RateGuarantee.of(1, 0.5).onAverage()).isEqualTo(0.5);
  }
}
