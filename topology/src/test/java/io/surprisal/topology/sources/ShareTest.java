package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShareTest {

  private static final long DAY = 24L * 3600 * 1000;

  private final Random random = new Random(1);
  private Share share = Share.UNKNOWN;
  private long now;

  /** Images of which a share is so; whether that was too many at any time. */
  private boolean send(double probability, int images) {
    boolean any = false;
    for (int i = 0; i < images; i++) {
      now += 1000;
      share = share.with(random.nextDouble() < probability, new Moment(now, now));
      any |= share.off().isPresent();
    }
    return any;
  }

  /** 10⁵ images each; by chance one would be off with probability 2·10⁻³ or less. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.02, 0.2, 0.34, 0.5, 0.9, 1})
  void shouldNotStandOutByItsHabit(double habit) {
    assertThat(send(habit, 100_000)).isFalse();
    assertThat(share.habit()).isCloseTo(habit, within(0.1));
  }

  @Test
  void shouldStandOutWithHalfOfAllMoreAndUntilItIsAQuarter() {
    send(0, 1000);
    assertThat(send(1, 16)).isFalse(); // 16 of 32, but the habit has learned of them
    assertThat(send(1, 1)).isTrue();
    assertThat(share.count()).isEqualTo(17);
    assertThat(share.value()).isEqualTo(17.0 / 32);
    double habit = share.habit();
    send(1, 100);
    assertThat(share.habit()).isEqualTo(habit).isLessThan(0.02);
    send(0, 23);
    assertThat(share.off()).isPresent();
    send(0, 1);
    assertThat(share.off()).isEmpty();
  }

  @Test
  void shouldSayNothingOfANewSource() {
    assertThat(send(1, 1000)).isFalse();
    assertThat(share.habit()).isEqualTo(1);
  }

  @Test
  void shouldTakeForTheHabitWhatHasLastedThreeDays() {
    send(0, 1000);
    assertThat(send(1, 1000)).isTrue();
    now += 3 * DAY;
    assertThat(send(1, 100)).isFalse();
    assertThat(share.habit()).isGreaterThan(0.9);
  }
}
