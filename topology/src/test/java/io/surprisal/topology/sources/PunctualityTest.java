package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.topology.sources.Punctuality.Standing;
import org.junit.jupiter.api.Test;

class PunctualityTest {

  private static final long SECOND = 1000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;

  private static Punctuality heard(long age, long pause, int images) {
    Punctuality punctuality = Punctuality.first(age);
    for (int i = 0; i < images; i++) {
      punctuality = punctuality.with(age, pause);
    }
    return punctuality;
  }

  @Test
  void shouldBeAcquaintedAfterAnHourWhateverTheSendersClockSays() {
    for (long age : new long[] {0, 200, -5 * HOUR, 20_000 * 24 * HOUR}) {
      assertThat(heard(age, SECOND, 3599).acquainted()).isFalse();
      assertThat(heard(age, SECOND, 3600).acquainted()).isTrue();
    }
  }

  @Test
  void shouldCountALongPauseAsFiveMinutes() {
    assertThat(heard(0, 10 * HOUR, 11).acquainted()).isFalse();
    assertThat(heard(0, 10 * HOUR, 12).acquainted()).isTrue();
  }

  @Test
  void shouldCallAnImageLateThatHasWaitedAndForgetNothing() {
    Punctuality punctuality = heard(SECOND, SECOND, 4000).with(2 * MINUTE, SECOND);

    assertThat(punctuality.standing()).isEqualTo(Standing.LATE);
    assertThat(punctuality.acquainted()).isTrue();
    assertThat(punctuality.with(SECOND, SECOND).standing()).isEqualTo(Standing.LIVE);
  }

  /** Ages fall by 11 s each second: a day in two hours. */
  @Test
  void shouldNotBeAcquaintedWithAReplay() {
    Punctuality punctuality = Punctuality.first(300 * 24 * HOUR);
    for (int i = 1; i < 7200; i++) {
      punctuality = punctuality.with(300 * 24 * HOUR - i * 11 * SECOND, SECOND);
      assertThat(punctuality.heard()).isLessThan(MINUTE);
    }
  }

  @Test
  void shouldGetOverAClockThatIsSet() {
    Punctuality punctuality = heard(0, MINUTE, 100).with(HOUR, MINUTE); // set back by an hour
    int late = 0;
    while (punctuality.standing() == Standing.LATE) {
      punctuality = punctuality.with(HOUR, MINUTE);
      late++;
    }

    assertThat(late * MINUTE).isBetween(7 * HOUR, 8 * HOUR);
    assertThat(punctuality.with(0, MINUTE).standing()).isEqualTo(Standing.LIVE);
  }
}
