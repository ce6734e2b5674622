package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.diffusion.LinearSchedule;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.release.LocalControl;
import java.util.List;
import org.junit.jupiter.api.Test;

class PictureCalibratorTest {
  private static final LocalControl CONTROL = new LocalControl(List.of(0.5), List.of(0.25));

  /** A grey level's noise is at t = 0.197. */
  private static final NoiseSchedule SCHEDULE = LinearSchedule.fixed(-13.3, 5);

  @Test
  void shouldTakeEvidenceFromAGreyLevelOnWhereTheFirstLookHasSuchNoise() {
    for (double offset : new double[] {1 / 16.0, 13 / 16.0}) {
      LocalControl control = PictureCalibrator.fromGreyLevel(CONTROL, SCHEDULE, offset, 2);

      assertThat(control).isEqualTo(CONTROL.fromGamma(LocalControl.GREY_LEVEL));
    }
  }

  /** As of a release whose levels were placed before evidence had any. */
  @Test
  void shouldTakeEvidenceFromAllLevelsWhereTheFirstLookHasLessNoise() {
    assertThat(PictureCalibrator.fromGreyLevel(CONTROL, SCHEDULE, 1 / 16.0, 1)).isEqualTo(CONTROL);
  }

  /** A third of 66 held-out photos, and twice as many of those that train: more would cost time. */
  @Test
  void shouldShowWhatIsUsualByPicturesThatTrainTooWhereFewAreHeldOut() {
    assertThat(PictureCalibrator.trained(22, 152)).isEqualTo(42);
    assertThat(PictureCalibrator.trained(6, 152)).isEqualTo(12);
    assertThat(PictureCalibrator.trained(6, 5)).isEqualTo(5);
    assertThat(PictureCalibrator.trained(64, 1000)).isZero();
    assertThat(PictureCalibrator.trained(0, 10)).isZero();
  }
}
