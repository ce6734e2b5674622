package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class LossProfileTest {

  /** Half the time 1 ± 2, half the time 5 ± 0 in standard deviations: variance ½ 4 + 2². */
  @Test
  void shouldAddTheVarianceWithinBinsAndBetweenThem() {
    LossProfile profile =
        new LossProfile(
            List.of(
                new LossProfile.Point(0.25, -4, 1, 4, 10),
                new LossProfile.Point(0.75, 2, 5, 0, 1000)));
    assertThat(profile.meanBitsPerDim()).hasValue(3);
    assertThat(profile.evaluationVariance().orElseThrow()).isCloseTo(6, within(1e-12));
  }

  @Test
  void shouldHaveNoMeanOverTimesThatItLacks() {
    LossProfile profile = new LossProfile(List.of(new LossProfile.Point(0.25, -4, 1, 4, 10)));
    assertThat(profile.measured()).isTrue();
    assertThat(profile.meanBitsPerDim()).isEmpty();
    assertThat(profile.evaluationVariance()).isEmpty();
    assertThat(LossProfile.UNMEASURED.measured()).isFalse();
    assertThat(LossProfile.UNMEASURED.meanBitsPerDim()).isEmpty();
  }
}
