package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

  /** A program that never ends by itself, as one whose native calls take too long. */
  static final class Endless {
    private Endless() {}

    public static void main(String[] none) throws InterruptedException {
      StopSignal.ofProcess();
      System.out.println("ready");
      new CountDownLatch(1).await();
    }
  }

  /** As SIGKILL does: no exit handler runs, whose work under running threads is a crash. */
  @Test
  @Timeout(60)
  void shouldKillTheProcessAtTheSecondSignal() throws Exception {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                Endless.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).isEqualTo("ready");
      // Signals that come while another of their kind is pending are one.
      while (process.isAlive()) {
        process.destroy();
        process.waitFor(100, TimeUnit.MILLISECONDS);
      }
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).isEqualTo(128 + 9);
  }
}
