package io.surprisal.service.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SoakTest {
  private final AtomicLong clock = new AtomicLong(Duration.ofHours(3).toNanos());
  private final List<Footprint> told = new ArrayList<>();

  @Test
  void shouldLookOnceAMinuteAtWhatHappenedSinceTheLastLook() {
    Soak soak = new Soak(2, told::add, clock::get);
    soak.scored(30);
    soak.scored(50);
    pass(59);
    soak.look();
    assertThat(told).isEmpty();

    pass(1);
    soak.look();
    soak.look();
    assertThat(soak.over()).isFalse();
    soak.scored(20);
    pass(90);
    soak.look();
    pass(60);
    soak.look();

    assertThat(soak.over()).isTrue();
    assertThat(soak.footprints()).hasSize(2).isEqualTo(told);
    assertThat(told.get(0).minute()).isEqualTo(1);
    assertThat(told.get(0).imagesPerSecond()).isCloseTo(2.0 / 60, within(1e-9));
    assertThat(told.get(0).worstLatencyMillis()).isEqualTo(50);
    assertThat(told.get(1).minute()).isEqualTo(2.5);
    assertThat(told.get(1).imagesPerSecond()).isCloseTo(1.0 / 90, within(1e-9));
    assertThat(told.get(1).worstLatencyMillis()).isEqualTo(20);
    assertThat(told.get(1).threads()).isPositive();
  }

  private void pass(int seconds) {
    clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }
}
