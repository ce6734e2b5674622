package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BudgetTest {
  private static final Budget.Steps STEPS = new Budget.Steps(100);
  private static final Budget.Time TIME = new Budget.Time(Duration.ofSeconds(10));

  @Test
  void shouldEndWithWhatIsSpentFirst() {
    assertThat(STEPS.fraction(25, 9)).isEqualTo(0.25);
    assertThat(TIME.fraction(25, 9)).isEqualTo(0.9);
    assertThat(new Budget.Either(STEPS, TIME).fraction(25, 9)).isEqualTo(0.9);
    assertThat(new Budget.Either(STEPS, TIME).fraction(95, 9)).isEqualTo(0.95);
    assertThat(STEPS.fraction(101, 0)).isEqualTo(1);
    assertThat(TIME.fraction(0, 11)).isEqualTo(1);
  }

  @Test
  void shouldBeSpentAtOnceWhereThereIsNone() {
    assertThat(new Budget.Steps(0).fraction(0, 0)).isEqualTo(1);
    assertThat(new Budget.Time(Duration.ZERO).fraction(0, 0)).isEqualTo(1);
  }

  @Test
  void shouldCountTheImagesOfBatchesAndOfTime() {
    assertThat(STEPS.images(16, 2)).isEqualTo(1600);
    assertThat(TIME.images(16, 2)).isEqualTo(5000);
    assertThat(new Budget.Either(STEPS, TIME).images(16, 2)).isEqualTo(1600);
  }
}
