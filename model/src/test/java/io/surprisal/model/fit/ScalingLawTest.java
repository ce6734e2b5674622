package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ScalingLawTest {
  private static final double[] COMPUTE = {1, 3, 10, 30, 100};

  @Test
  void shouldFindTheLawThatMadeTheRuns() {
    double[] bits = Arrays.stream(COMPUTE).map(c -> 2.4 + 0.9 * Math.pow(c, -0.35)).toArray();
    ScalingLaw law = ScalingLaw.fit(COMPUTE, bits);

    assertThat(law.floor()).isCloseTo(2.4, within(0.01));
    assertThat(law.scale()).isCloseTo(0.9, within(0.01));
    assertThat(law.exponent()).isCloseTo(0.35, within(0.01));
    assertThat(law.residual()).isLessThan(1e-3);
    assertThat(law.at(1000)).isCloseTo(2.4 + 0.9 * Math.pow(1000, -0.35), within(0.005));
  }

  @Test
  void shouldNotPromiseLessThanNothing() {
    double[] bits = Arrays.stream(COMPUTE).map(c -> 3 - Math.log(c) / 3).toArray();
    ScalingLaw law = ScalingLaw.fit(COMPUTE, bits);

    assertThat(law.floor()).isZero();
    assertThat(law.at(1e9)).isPositive();
    assertThat(law.residual()).isPositive();
  }

  @Test
  void shouldAskForEnoughRuns() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScalingLaw.fit(new double[] {1, 2, 2}, new double[] {3, 2, 2}))
        .withMessageContaining("at least 3 runs");
  }
}
