package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LatencyWindowTest {
  private static final long NOW = 10_000_000;
  private final LatencyWindow window = new LatencyWindow();

  @Test
  void shouldTellThePercentilesOfTheLastMinuteAlone() {
    window.add(NOW - 60_000, 99_999);
    for (int i = 200; i >= 1; i--) {
      window.add(NOW - 59_999 + i, i);
    }

    assertThat(window.measured(NOW)).contains(new LatencyWindow.Measured(200, 60, 100, 198, 200));
    assertThat(window.measured(NOW + 60_000)).isEmpty();
  }

  @Test
  void shouldSayThatItGoesBackLessFarWhereMoreCameThanItKeeps() {
    for (int i = 0; i < 3 * LatencyWindow.MOST; i++) {
      window.add(NOW - 3 * LatencyWindow.MOST + i, 7);
    }

    assertThat(window.measured(NOW))
        .contains(new LatencyWindow.Measured(LatencyWindow.MOST, 5, 7, 7, 7));
  }

  @Test
  void shouldTakeClocksThatDisagreeForNoTime() {
    window.add(NOW, -5);

    assertThat(window.measured(NOW)).contains(new LatencyWindow.Measured(1, 60, 0, 0, 0));
  }

  @Test
  void shouldSayNothingWhereNothingIsKnown() {
    assertThat(window.measured(NOW)).isEmpty();
  }
}
