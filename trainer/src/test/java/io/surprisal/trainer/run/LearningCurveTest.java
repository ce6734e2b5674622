package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.release.TrainingRecord;
import org.junit.jupiter.api.Test;

class LearningCurveTest {
  private final LearningCurve curve = new LearningCurve();
  private int steps;

  private void add(double heldOut) {
    curve.add(new TrainingRecord.Point(steps++, 4, heldOut, -13, 5));
  }

  @Test
  void shouldKnowNothingBeforeItsFirstPoint() {
    assertThat(curve.heldOutBitsPerDim()).isNaN();
    assertThat(curve.isOver()).isFalse();
  }

  @Test
  void shouldGoOnWhileItFalls() {
    for (int point = 0; point < 50; point++) {
      add(4 - 0.001 * point);
      assertThat(curve.isOver()).isFalse();
    }
    assertThat(curve.heldOutBitsPerDim()).isEqualTo(4 - 0.049);
  }

  /** Better than the best before by less than a plateau allows, in all its points. */
  @Test
  void shouldEndOnAPlateau() {
    add(4);
    for (int point = 1; point < LearningCurve.PLATEAU_POINTS; point++) {
      add(4 - 0.9 * LearningCurve.PLATEAU_BITS_PER_DIM);
      assertThat(curve.isOver()).isFalse();
    }
    add(4 - 0.9 * LearningCurve.PLATEAU_BITS_PER_DIM);
    assertThat(curve.isOver()).isTrue();
  }

  @Test
  void shouldGoOnWhereOnePointOfManyIsBetter() {
    add(4);
    for (int point = 1; point < LearningCurve.PLATEAU_POINTS; point++) {
      add(4.001);
    }
    add(4 - 1.1 * LearningCurve.PLATEAU_BITS_PER_DIM);
    assertThat(curve.isOver()).isFalse();
  }
}
