package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TimeDensityTest {
  private static final TimeDensity DENSITY = new TimeDensity(List.of(2.0, 2.0, 0.5, 4.0, 1.0));

  @Test
  void shouldHaveMeanOne() {
    int steps = 100_000;
    double sum = 0;
    for (int i = 0; i < steps; i++) {
      sum += DENSITY.at((i + 0.5) / steps) / steps;
    }
    assertThat(sum).isCloseTo(1, within(1e-8));
  }

  /** The share of the density before time(s) is s. */
  @Test
  void shouldFindTheTimeOfEveryShare() {
    int steps = 200_000;
    double share = 0;
    for (int i = 0; i < steps; i++) {
      double step = DENSITY.at((i + 0.5) / steps) / steps;
      if (i % 997 == 0) {
        assertThat(DENSITY.time(share)).isCloseTo(i / (double) steps, within(1e-6));
      }
      share += step;
    }
    assertThat(DENSITY.time(0)).isZero();
    assertThat(DENSITY.time(1)).isCloseTo(1, within(1e-12));
  }

  /** ∫ f(t) dt = ∫ f(t(s)) / density ds: here f = eᵗ, by the midpoint rule. */
  @Test
  void shouldNotMoveAnIntegral() {
    int steps = 10_000;
    double sum = 0;
    for (int i = 0; i < steps; i++) {
      double t = DENSITY.time((i + 0.5) / steps);
      sum += Math.exp(t) / DENSITY.at(t) / steps;
    }
    assertThat(sum).isCloseTo(Math.E - 1, within(1e-6));
  }

  /** Releases without a density are evaluated at the very times that they always were. */
  @Test
  void shouldChangeNothingWhereItIsUniform() {
    for (double s : new double[] {0, 1.0 / 16, 0.3, 0.999_999}) {
      assertThat(TimeDensity.UNIFORM.time(s)).isEqualTo(s);
      assertThat(TimeDensity.UNIFORM.at(s)).isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseWhatIsNoDensity() {
    for (List<Double> knots :
        List.of(List.of(1.0), List.of(1.0, 0.0), List.of(1.0, -2.0), List.of(1.0, Double.NaN))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new TimeDensity(knots))
          .withMessageContaining("must be at least two positive numbers");
    }
  }
}
