package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UntoldProgressTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final UntoldProgress untold = new UntoldProgress();

  private static TrainingRun.Progress step(long step) {
    return new TrainingRun.Progress(step, 100, 1, 4, 4, 10, false, Optional.empty());
  }

  private static TrainingRun.Progress point(long step) {
    return new TrainingRun.Progress(step, 100, 1, 4, 4, 10, true, Optional.empty());
  }

  @Test
  void shouldTellTheLatestOnceAnInterval() {
    assertThat(untold.take(START)).isEmpty();
    untold.accept(step(1));
    untold.accept(step(2));
    assertThat(untold.take(START)).hasValue(step(2));
    assertThat(untold.take(START.plus(UntoldProgress.INTERVAL))).as("told before").isEmpty();
    untold.accept(step(3));
    assertThat(untold.take(START.plus(UntoldProgress.INTERVAL).minusMillis(1))).isEmpty();
    assertThat(untold.take(START.plus(UntoldProgress.INTERVAL))).hasValue(step(3));
  }

  @Test
  void shouldTellAPointOfTheCurveAtOnceThoughStepsCameAfterIt() {
    untold.accept(step(1));
    assertThat(untold.take(START)).hasValue(step(1));
    untold.accept(point(2));
    untold.accept(step(3));
    assertThat(untold.take(START.plusMillis(1))).hasValue(point(2));
    untold.accept(step(4));
    assertThat(untold.take(START.plusMillis(2))).isEmpty();
  }

  @Test
  void shouldTellTheLatestOfTwoPoints() {
    untold.accept(point(1));
    untold.accept(point(2));
    assertThat(untold.take(START)).hasValue(point(2));
  }
}
