package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class BetaBinomialTest {

  /** With α = β = 1 every count is equally likely. */
  @Property(tries = 200, seed = "1")
  void shouldBeUniformForAUniformProbability(
      @ForAll @IntRange(min = 0, max = 500) int trials,
      @ForAll @Scale(9) @DoubleRange(min = 0.001, max = 0.999) double probability) {
    int k = new BetaBinomial(trials, 1, 1).quantile(probability);
    assertThat((k + 1.0) / (trials + 1)).isGreaterThanOrEqualTo(probability - 1e-9);
    assertThat(k / (trials + 1.0)).isLessThan(probability + 1e-9);
  }

  /** For integer α and β, counting: C(α+k−1, k) C(β+m−k−1, m−k) / C(α+β+m−1, m). */
  @Property(tries = 200, seed = "2")
  void shouldCountAsCombinatoricsDoes(
      @ForAll @IntRange(min = 0, max = 12) int trials,
      @ForAll @IntRange(min = 1, max = 6) int alpha,
      @ForAll @IntRange(min = 1, max = 6) int beta,
      @ForAll @Scale(9) @DoubleRange(min = 0.001, max = 0.999) double probability) {
    int k = new BetaBinomial(trials, alpha, beta).quantile(probability);
    double below = 0;
    for (int i = 0; i < k; i++) {
      below += mass(trials, alpha, beta, i);
    }
    assertThat(below).isLessThan(probability + 1e-9);
    assertThat(below + mass(trials, alpha, beta, k)).isGreaterThanOrEqualTo(probability - 1e-9);
  }

  private static double mass(int m, int alpha, int beta, int k) {
    return choose(alpha + k - 1, k)
        * choose(beta + m - k - 1, m - k)
        / choose(alpha + beta + m - 1, m);
  }

  private static double choose(int n, int k) {
    double product = 1;
    for (int i = 0; i < k; i++) {
      product *= (n - i) / (i + 1.0);
    }
    return product;
  }

  @Test
  void shouldRefuseImpossibleParameters() {
    assertThatIllegalArgumentException().isThrownBy(() -> new BetaBinomial(-1, 1, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new BetaBinomial(1, 0, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new BetaBinomial(1, 1, Double.NaN));
  }
}
