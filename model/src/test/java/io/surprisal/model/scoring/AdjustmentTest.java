package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.release.Calibration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AdjustmentTest {
  private static final double USUAL = 0.05;

  private static Adjustment measured(double monteCarloError) {
    return Adjustment.atFixedLevels(
        new Calibration.Correction(8, 0, 0, 0.5, 1, 0, monteCarloError));
  }

  /** Of eight evaluations a quarter of the variance is the image's own, of 64 three quarters. */
  @Test
  void shouldShrinkWhatFewEvaluationsSayTowardsWhatIsUsual() {
    Adjustment adjustment = measured(USUAL);

    assertThat(adjustment.error(0.2, 8))
        .isCloseTo(Math.sqrt(0.25 * 0.1 * 0.1 + 0.75 * USUAL * USUAL), within(1e-12));
    assertThat(adjustment.error(0.2, 64))
        .isCloseTo(Math.sqrt(0.75 * 0.1 * 0.1 + 0.25 * USUAL * USUAL), within(1e-12));
    assertThat(adjustment.error(2 * USUAL, 8)).isCloseTo(USUAL, within(1e-12));
    assertThat(adjustment.error(Double.NaN, 2)).isEqualTo(USUAL);
    assertThat(measured(0).error(0.2, 8)).isEqualTo(0.1);
    assertThat(Adjustment.NONE.error(0.2, 8)).isEqualTo(0.2);
  }

  /**
   * Of 10,000 images whose errors vary by a tenth, 2 standard errors hold between 93 and 97 %; with
   * a standard deviation of 0.22 % of these shares that fails by chance never. By their own eight
   * evaluations alone they hold less often.
   */
  @Test
  void shouldHoldTwoStandardErrorsAsOftenAsTheySay() {
    Random random = new Random(51);
    int evaluations = 8;
    int images = 10_000;
    int held = 0;
    int byOwn = 0;
    for (int i = 0; i < images; i++) {
      double error = USUAL * (1 + 0.1 * random.nextGaussian());
      double squares = 0;
      double sum = 0;
      for (int k = 0; k < evaluations; k++) {
        double evaluation = error * Math.sqrt(evaluations) * random.nextGaussian();
        sum += evaluation;
        squares += evaluation * evaluation;
      }
      double mean = sum / evaluations;
      double variance = (squares - evaluations * mean * mean) / (evaluations - 1);
      double estimate = Math.sqrt(variance / evaluations);
      // An upper estimate: twice what the error is, as the scale of this release knows.
      held += Math.abs(mean) <= 2 * measured(USUAL).error(2 * estimate, evaluations) ? 1 : 0;
      byOwn += Math.abs(mean) <= 2 * measured(0).error(2 * estimate, evaluations) ? 1 : 0;
    }
    assertThat(held / (double) images).isBetween(0.93, 0.97);
    assertThat(byOwn / (double) images).isLessThan(0.925);
  }
}
