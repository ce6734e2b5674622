package io.surprisal.topology.incidents;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvidenceTest {

  private static int quietImagesThatItBears(Evidence evidence) {
    int images = 0;
    for (Evidence left = evidence.quiet(); !left.isSpent(); left = left.quiet()) {
      images++;
    }
    return images;
  }

  /** The next alert of chance comes among n + 1 images with probability 1 − (1 − α)ⁿ⁺¹. */
  @ParameterizedTest
  @CsvSource({"0.001, 50, 0.05", "0.01, 4, 0.05", "0.02, 2, 0.06", "0.05, 2, 0.15"})
  void shouldSeldomTakeTwoAlertsOfChanceForOneIncident(double rate, int quiet, double probability) {
    assertThat(quietImagesThatItBears(Evidence.first(rate))).isEqualTo(quiet);
    assertThat(1 - Math.pow(1 - rate, quiet + 1)).isLessThanOrEqualTo(probability);
  }

  /** ln(1000) / ln(1 + √α). */
  @ParameterizedTest
  @CsvSource({"0.001, 221", "0.01, 72", "0.05, 34"})
  void shouldEndAfterFewQuietImagesWhateverHasBeen(double rate, int quiet) {
    Evidence evidence = Evidence.first(rate);
    for (int i = 0; i < 1000; i++) {
      evidence = evidence.alerted(rate);
    }
    assertThat(quietImagesThatItBears(evidence)).isEqualTo(quiet);
  }
}
