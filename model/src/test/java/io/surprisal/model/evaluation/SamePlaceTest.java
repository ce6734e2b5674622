package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SamePlaceTest {
  private static final double ELSEWHERE = Double.NaN;

  /** Of two places, the second brighter than the first: apart in each, not when thrown together. */
  @Test
  void shouldCompareWithinAPlace() {
    double[] anomalous = {2, 12};
    double[][] normal = {
      {1, 1.5, ELSEWHERE, ELSEWHERE},
      {ELSEWHERE, ELSEWHERE, 11, 12}
    };

    SamePlace same = SamePlace.of(anomalous, normal, Bootstrap.seeded(1));

    assertThat(same.pairs()).isEqualTo(4);
    assertThat(same.pairsHigher().value()).isEqualTo(3.5 / 4);
    // 2 is above 1, 1.5; 12 above 1, 1.5, 11 and level with 12
    assertThat(same.auroc().value()).isEqualTo((2 + 3.5) / 8);
    assertThat(same.pairsHigher().low()).isBetween(0.5, 0.875);
    assertThat(same.pairsHigher().high()).isEqualTo(1);
  }

  @Test
  void shouldNeedAPair() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                SamePlace.of(new double[] {1}, new double[][] {{ELSEWHERE}}, Bootstrap.seeded(1)));
  }
}
