package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PulseTest {
  private final Pulse pulse = new Pulse();

  @Test
  void shouldCountTheLastTenWholeSeconds() {
    pulse.add(99, 1000);
    pulse.add(100, 20);
    pulse.add(109, 10);
    pulse.add(110, 500);

    assertThat(pulse.perSecond(110)).isEqualTo(3);
  }

  @Test
  void shouldForgetWhatIsLongAgo() {
    pulse.add(100, 20);

    assertThat(pulse.perSecond(105)).isEqualTo(2);
    assertThat(pulse.perSecond(116)).isZero();
    assertThat(pulse.perSecond(1_000_000)).isZero();
  }
}
