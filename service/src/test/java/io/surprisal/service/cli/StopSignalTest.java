package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopSignalTest {

  @Test
  void shouldTellEveryoneOnce() throws InterruptedException {
    StopSignal stop = new StopSignal();
    List<String> told = new ArrayList<>();
    stop.onStop(() -> told.add("before"));
    assertThat(stop.requested()).isFalse();
    assertThat(stop.await(Duration.ofMillis(1))).isFalse();

    stop.request();
    stop.request();
    stop.onStop(() -> told.add("after"));

    assertThat(stop.requested()).isTrue();
    assertThat(stop.await(Duration.ofHours(1))).isTrue();
    assertThat(told).containsExactly("before", "after");
    assertThat(stop.exitCode()).isEmpty();
  }
}
