package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.diffusion.LinearSchedule;
import org.junit.jupiter.api.Test;

class FirstLookTest {

  private static double offset(double gammaAtZero, double gammaAtOne) {
    return FirstLook.levelOffset(LinearSchedule.fixed(gammaAtZero, gammaAtOne));
  }

  /** γ is that of a grey level at t = 0.197, and two thirds of what is left end at 0.732. */
  @Test
  void shouldLieTwoThirdsOfTheWayThroughTheTimesThatShowEvidence() {
    assertThat(offset(-13.3, 5)).isEqualTo(11 / 16.0);
  }

  @Test
  void shouldLieLaterTheMoreTimesShowNone() {
    assertThat(offset(-13.3, -6)).isEqualTo(13 / 16.0); // from 0.49 on
    assertThat(offset(-13.3, -8)).isEqualTo(15 / 16.0); // from 0.68 on
    assertThat(offset(-13.3, -9.7)).isEqualTo(15 / 16.0); // from 0.999 on
  }

  @Test
  void shouldLieTwoThirdsOfTheWayWhereAllDo() {
    assertThat(offset(-9, 5)).isEqualTo(11 / 16.0);
  }

  @Test
  void shouldBeAnOffsetWhereNoneDoes() {
    assertThat(offset(-13.3, -10)).isEqualTo(15 / 16.0);
  }
}
