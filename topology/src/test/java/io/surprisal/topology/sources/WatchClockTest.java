package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WatchClockTest {

  private static final long TICK = WatchClock.TICK_MILLIS;
  private static final long DAY = 24L * 3600 * 1000;

  @Test
  void shouldCountWhileItTicks() {
    WatchClock clock = WatchClock.starting(5 * DAY);
    for (int i = 1; i <= 100; i++) {
      clock = clock.tick(5 * DAY + i * TICK);
    }

    assertThat(clock.watched()).isEqualTo(100 * TICK);
    assertThat(clock.at(5 * DAY + 100 * TICK + 1234)).isEqualTo(100 * TICK + 1234);
  }

  @Test
  void shouldStandStillWhileNobodyWatchesAndWhereTheWallClockIsSet() {
    WatchClock clock = new WatchClock(1000, 5 * DAY);

    assertThat(clock.resumed(6 * DAY).tick(6 * DAY + TICK).watched()).isEqualTo(1000 + TICK);
    assertThat(clock.tick(6 * DAY).watched()).isEqualTo(1000); // a machine that slept
    assertThat(clock.tick(4 * DAY).watched()).isEqualTo(1000);
    assertThat(clock.tick(4 * DAY).tick(4 * DAY + TICK).watched()).isEqualTo(1000 + TICK);
  }

  @Test
  void shouldComeBackFromItsBytes() {
    WatchClock clock = new WatchClock(1234, 5 * DAY);

    try (var serde = WatchClock.serde()) {
      byte[] bytes = serde.serializer().serialize("", clock);
      assertThat(serde.deserializer().deserialize("", bytes)).isEqualTo(clock);
    }
  }
}
