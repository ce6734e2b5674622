package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class LocalControlTest {
  private static final LocalControl CONTROL =
      new LocalControl(List.of(0.1, 0.3, 0.9), List.of(1.0, 2.0, -1.0));

  @Test
  void shouldBeWhatWasMeasuredAtItsTimes() {
    assertThat(CONTROL.beta(0.1)).isEqualTo(1);
    assertThat(CONTROL.beta(0.3)).isEqualTo(2);
    assertThat(CONTROL.beta(0.9)).isEqualTo(-1);
  }

  @Test
  void shouldInterpolateLinearlyBetween() {
    assertThat(CONTROL.beta(0.2)).isCloseTo(1.5, within(1e-12));
    assertThat(CONTROL.beta(0.25)).isCloseTo(1.75, within(1e-12));
    assertThat(CONTROL.beta(0.5)).isCloseTo(1, within(1e-12));
    assertThat(CONTROL.beta(0.8)).isCloseTo(-0.5, within(1e-12));
  }

  @Test
  void shouldKeepTheEndsBeyondThem() {
    assertThat(CONTROL.beta(0)).isEqualTo(1);
    assertThat(CONTROL.beta(1)).isEqualTo(-1);
    LocalControl one = new LocalControl(List.of(0.5), List.of(3.0));
    assertThat(one.beta(0)).isEqualTo(3);
    assertThat(one.beta(0.5)).isEqualTo(3);
    assertThat(one.beta(1)).isEqualTo(3);
  }

  @Test
  void shouldSubtractNothingWhereThereIsNone() {
    for (double t : new double[] {0, 0.3, 1}) {
      assertThat(LocalControl.NONE.beta(t)).isZero();
    }
  }

  /** Two evaluations of one picture may fall on one time. */
  @Test
  void shouldTakeATimeTwice() {
    LocalControl twice = new LocalControl(List.of(0.2, 0.5, 0.5), List.of(0.0, 1.0, 1.0));
    assertThat(twice.beta(0.5)).isEqualTo(1);
    assertThat(twice.beta(0.35)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void shouldShowEvidenceAtLevelsWithEnoughNoise() {
    double[] gammas = {-12, 3, -5, -8};

    assertThat(CONTROL.shown(gammas)).containsExactly(true, true, true, true);
    assertThat(CONTROL.fromGamma(-8).shown(gammas)).containsExactly(false, true, true, true);
    assertThat(CONTROL.fromGamma(0).shown(gammas)).containsExactly(false, true, false, false);
    assertThat(CONTROL.fromGamma(4).shown(gammas)).containsExactly(true, true, true, true);
    assertThat(CONTROL.fromGamma(4).beta(0.3)).isEqualTo(2);
  }

  /** Images lie between −1 and 1, in 256 levels; a noisy one is αx + σε. */
  @Test
  void shouldKnowTheNoiseOfAGreyLevel() {
    double sigmaByAlpha = Math.exp(LocalControl.GREY_LEVEL / 2);
    assertThat(sigmaByAlpha * 256 / 2).isCloseTo(1, within(1e-12));
  }

  @Test
  void shouldRefuseImpossibleNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CONTROL.fromGamma(Double.NaN))
        .withMessageContaining("from γ NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LocalControl(List.of(), List.of()))
        .withMessageContaining("local control: 0 times");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LocalControl(List.of(0.1, 0.2), List.of(1.0)))
        .withMessageContaining("2 times with β [1.0]");
    for (double beta : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new LocalControl(List.of(0.1), List.of(beta)));
    }
    for (List<Double> times :
        List.of(
            List.of(-0.1, 0.5), List.of(0.5, 0.4), List.of(0.5, 1.1), List.of(Double.NaN, 1.0))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new LocalControl(times, List.of(1.0, 1.0)))
          .withMessageContaining("times are " + times);
    }
  }
}
