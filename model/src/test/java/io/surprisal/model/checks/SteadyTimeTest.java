package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SteadyTimeTest {
  private static final Instant NOON = Instant.parse("2026-11-30T12:00:00Z");
  private Instant clock = NOON;
  private long nanos = Long.MAX_VALUE - 5;

  @Test
  void shouldPassAsTimeDoesWhereverTheClockJumps() {
    SteadyTime time = new SteadyTime(() -> clock, () -> nanos);
    nanos += Duration.ofSeconds(7).toNanos();
    clock = NOON.plus(Duration.ofHours(6));
    assertThat(time.instant()).isEqualTo(NOON.plusSeconds(7));
    nanos += Duration.ofSeconds(3).toNanos();
    clock = NOON.minus(Duration.ofHours(6));
    assertThat(time.instant()).isEqualTo(NOON.plusSeconds(10));
  }
}
