package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Calibration.Correction;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.List;
import org.junit.jupiter.api.Test;

class CertainVerdictTest {
  private static final Calibration CALIBRATION =
      new Calibration(
          16,
          "float32",
          new float[] {3},
          List.of(
              new Correction(4, 0, 0, 1, 1, 0.2),
              new Correction(8, 0, 0, 1, 1, 0.1),
              new Correction(16, 0, 0, 1, 1, 0)));

  private static ImageLikelihood likelihood(double bitsPerDim, int evaluations) {
    return new ImageLikelihood(
        bitsPerDim, 0.1, 0, bitsPerDim, 0, new float[0], new float[0], evaluations, 0);
  }

  @Test
  void shouldStopOutsideTheMarginOfTheStage() {
    CertainVerdict rule = new CertainVerdict(CALIBRATION, 5, 3);

    assertThat(rule.settled(likelihood(5.5, 4))).isFalse();
    assertThat(rule.settled(likelihood(5.5, 8))).isTrue();
    assertThat(rule.settled(likelihood(4.35, 4))).isTrue();
    assertThat(rule.settled(likelihood(4.45, 4))).isFalse();
    assertThat(rule.settled(likelihood(9, 5))).isFalse(); // no stage that was calibrated
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CertainVerdict(CALIBRATION, 5, 0))
        .withMessageContaining("deviations is 0.0");
  }
}
