package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RunOutlookTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final RunOutlook outlook = new RunOutlook(1000);

  @Test
  void shouldExpectNothingBeforeAnythingIsMeasured() {
    assertThat(outlook.expected(START, Duration.ofMinutes(2))).isEmpty();
  }

  @Test
  void shouldAddTheJudgementToWhatIsLeftOfTraining() {
    outlook.measured(0.06);

    assertThat(outlook.expected(START, Duration.ofMinutes(2)))
        .hasValue(START.plus(Duration.ofMinutes(3)));
  }

  @Test
  void shouldKeepItsWordWhileItJudgesAndRenewItWhenThatWasWrong() {
    outlook.measured(0.06);
    outlook.trained(START);
    Instant announced = START.plusSeconds(60);

    assertThat(outlook.expected(START.plusSeconds(40), Duration.ZERO)).hasValue(announced);
    assertThat(outlook.expected(START.plusSeconds(80), Duration.ZERO))
        .hasValue(START.plusSeconds(100));
  }
}
