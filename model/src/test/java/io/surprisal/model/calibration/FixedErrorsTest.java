package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.scoring.ImageLikelihood;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FixedErrorsTest {
  private static ImageLikelihood score(double bitsPerDim, double standardError) {
    return new ImageLikelihood(
        bitsPerDim, standardError, 0, 0, 0, new float[1], new float[1], 1, 0);
  }

  /**
   * Scores of images that differ by 1, with a bias of 0.3, an error of 0.04 by the curve of each
   * image and of 0.03 by noise: 0.05 together. Of 4,000 images the estimate has a relative standard
   * error of about 3 %; the seed is fixed, five of those are allowed.
   */
  @Test
  void shouldCountWhatTheFixedLevelsBringToEachImage() {
    Random random = new Random(7);
    FixedErrors errors = new FixedErrors();
    Repetitions atRandom = new Repetitions();
    Repetitions atFixed = new Repetitions();
    for (int i = 0; i < 4000; i++) {
      double image = random.nextGaussian();
      double fixed = image + 0.3 + 0.04 * random.nextGaussian();
      ImageLikelihood first = score(fixed + 0.03 * random.nextGaussian(), 0.1);
      ImageLikelihood again = score(fixed + 0.03 * random.nextGaussian(), 0.1);
      ImageLikelihood randomAgain = score(image + 0.06 * random.nextGaussian(), 0.1);
      errors.add(first, again, randomAgain);
      atFixed.add(first, again);
      atRandom.add(score(image + 0.06 * random.nextGaussian(), 0.1), randomAgain);
    }
    assertThat(errors.error(atRandom)).isCloseTo(0.05, within(0.0075));
    assertThat(errors.errorScale(atRandom)).isCloseTo(0.5, within(0.075));
    assertThat(atFixed.errorScale()).isCloseTo(0.3, within(0.03)); // the noise alone
  }

  @Test
  void shouldNeverSayLessThanTheNoise() {
    FixedErrors errors = new FixedErrors();
    Repetitions atRandom = new Repetitions();
    assertThat(errors.error(atRandom)).isZero();
    for (int i = 0; i < 10; i++) {
      errors.add(score(i, 0.1), score(i + 0.2, 0.1), score(i, 0.1));
      atRandom.add(score(i, 0.1), score(i + 1, 0.1));
    }
    assertThat(errors.error(atRandom)).isCloseTo(0.2 / Math.sqrt(2), within(1e-9));
  }
}
