package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LevelTest {

  private static final WatchRules RULES = WatchRules.usual();
  private static final long PAUSE = 10_000;
  private static final long HOUR = 3600_000;
  private static final double LEAST = 1;

  private final Random random = new Random(1);
  private Level level = Level.UNKNOWN;
  private long now;

  @BeforeEach
  void learn() {
    send(0, 2 * HOUR);
  }

  /** Pictures about a value, with a standard deviation of 0.1; whether an incident was open. */
  private boolean send(double value, long millis) {
    boolean any = false;
    for (long end = now + millis; now < end; ) {
      now += PAUSE;
      any |= one(value + 0.1 * random.nextGaussian());
    }
    return any;
  }

  private boolean one(double value) {
    level = level.with(value, LEAST, RULES, PAUSE, moment());
    return level.incident(LEAST, RULES, moment()).isPresent();
  }

  private Moment moment() {
    return new Moment(now, now);
  }

  @Test
  void shouldLearnTheHabit() {
    assertThat(level.mean()).isCloseTo(0, within(0.05));
    assertThat(level.deviation()).isCloseTo(0.08, within(0.02)); // 0.1·√(2/π)
    assertThat(level.bound(LEAST)).isEqualTo(LEAST);
    assertThat(level.bound(0)).isCloseTo(0.32, within(0.08));
  }

  @Test
  void shouldPassOverAnOddPicture() {
    assertThat(one(7.9)).isFalse();
    assertThat(level.excursion()).isEmpty();
    assertThat(send(0, HOUR)).isFalse();
  }

  @Test
  void shouldTellOfManyPicturesForFiveMinutes() {
    assertThat(send(2, 5 * 60_000 - PAUSE)).isFalse();
    assertThat(level.excursion()).isPresent();
    assertThat(send(2, 3 * 60_000)).isTrue();
    assertThat(level.mean()).isCloseTo(0, within(0.05)); // nothing is learned meanwhile
    assertThat(send(2, 10 * HOUR)).isTrue();
    send(0, 5 * 60_000);
    assertThat(level.excursion()).isEmpty();
  }

  @Test
  void shouldFollowSlowChanges() {
    boolean any = false;
    for (int i = 0; i < 6 * 90; i++) { // from 0 to −3 within an hour and a half, as at dusk
      now += PAUSE;
      any |= one(-3.0 * i / (6 * 90) + 0.1 * random.nextGaussian());
    }

    assertThat(any).isFalse();
    assertThat(send(-3, 5 * HOUR)).isFalse();
    assertThat(level.mean()).isCloseTo(-3, within(0.1));
  }

  @Test
  void shouldKnowTheThirdTimeWhatItHasSeenTwice() {
    for (int day = 0; day < 5; day++) {
      assertThat(send(-3, 2 * HOUR)).isEqualTo(day < 2);
      send(0, 5 * 60_000);
      assertThat(send(0, 22 * HOUR)).isFalse();
    }
    assertThat(send(3, 2 * HOUR)).isTrue(); // the other side is another thing
    send(0, 22 * HOUR);
    send(0, 15 * 24 * HOUR);
    assertThat(send(-3, 2 * HOUR)).isTrue(); // forgotten after two weeks
  }

  @Test
  void shouldTakeForTheHabitWhatHasLastedThreeDays() {
    assertThat(send(2, 3 * 24 * HOUR)).isTrue();
    send(2, HOUR);

    assertThat(level.incident(LEAST, RULES, moment())).isEmpty();
    assertThat(level.mean()).isCloseTo(2, within(0.05));
    assertThat(send(2, 24 * HOUR)).isFalse();
  }

  /** Autocorrelated content, much wider than the least change: the deviation learns it. */
  @Test
  void shouldLearnHowMuchIsUsual() {
    double drift = 0;
    boolean any = false;
    for (int i = 0; i < 20_000; i++) {
      now += PAUSE;
      drift = 0.8 * drift + random.nextGaussian();
      boolean open = one(drift);
      any |= i > 1000 && open;
    }

    assertThat(any).isFalse();
    assertThat(level.bound(LEAST)).isGreaterThan(3);
  }
}
