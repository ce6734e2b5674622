package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SetBackClockTest {
  private Instant clock = Instant.parse("2026-11-30T12:00:00Z");
  private long nanos = -5;
  private final SetBackClock watched = new SetBackClock(() -> clock, () -> nanos);

  private void pass(Duration time) {
    nanos += time.toNanos();
    clock = clock.plus(time);
  }

  @Test
  void shouldFindAClockThatWasSetBackAndSayByHowMuch() {
    pass(Duration.ofHours(1));
    assertThat(watched.found()).isEmpty();
    clock = clock.minus(Duration.ofHours(6));
    pass(Duration.ofMillis(500));
    assertThat(watched.found().orElseThrow())
        .hasMessage(
            "this machine's clock was set back by 21600 s, and Kafka's clients would stand still for as long; start again: what was committed is kept");
    clock = clock.plus(Duration.ofHours(6));
    assertThat(watched.found()).as("timers of then have been missed").isPresent();
  }

  @Test
  void shouldFindAClockThatJumpsForwardAndBack() {
    clock = clock.plus(Duration.ofHours(6));
    assertThat(watched.found()).isEmpty();
    clock = clock.minus(Duration.ofHours(6));
    assertThat(watched.found()).isPresent();
  }

  /** A machine that slept, and one whose clock is set right by little, again and again. */
  @Test
  void shouldBearAClockThatIsSetForwardOrBackByLittle() {
    clock = clock.plus(Duration.ofDays(3));
    assertThat(watched.found()).isEmpty();
    for (int i = 0; i < 10; i++) {
      clock = clock.minus(SetBackClock.TOLERATED.minusSeconds(1));
      pass(Duration.ofMinutes(1));
      assertThat(watched.found()).isEmpty();
    }
  }
}
