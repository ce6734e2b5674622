package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * docker/compose.yaml as people start it, with two scorers: images flow, defects alert, a retrain
 * through the control topic swaps the release, and whichever container is killed, nothing is lost.
 * What it took stands in target/containers.txt.
 */
@NeedsContainers(compose = true)
@Tag("containers")
class ComposedSystemTest {
  private static final Path REPORT = Path.of("target", "containers.txt");
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Duration LOOK = Duration.ofMillis(500);

  /** Scores that make sure that the stream goes on. */
  private static final int MORE = 30;

  private final List<String> report = new ArrayList<>();

  @Test
  void shouldLoseNothingWhicheverContainerIsKilled() throws Exception {
    int port = freePort();
    Map<String, String> environment =
        Map.of(
            "KAFKA_PORT",
            String.valueOf(port),
            "KAFKA_IMAGE",
            Containers.KAFKA,
            "SURPRISAL_IMAGE",
            Containers.SURPRISAL,
            "CAMERA_RATE",
            "10");
    long start = System.nanoTime();
    try (Compose compose = new Compose("surprisal-test-" + port, environment)) {
      compose.run("up", "-d", "--no-build", "--scale", "scorer=2");
      try (HostClient client = new HostClient("localhost:" + port)) {
        until("the first score is there", () -> scores(client) > 0);
        say("first score after 'up'", start);
        until("a defect alerts", () -> !client.values("surprisal.alerts").isEmpty());
        say("first alert after 'up'", start);
        until(
            "the service 'alerts' prints it",
            () -> compose.run("logs", "alerts").contains("LOW_LIKELIHOOD"));

        for (String service : List.of("alerts", "camera", "trainer", "scorer", "kafka")) {
          int before = scores(client);
          String container = compose.container(service);
          String born = state(container).getStartedAt();
          long killed = System.nanoTime();
          kill(container);
          until(
              service + " is as before",
              () -> isWell(container, born) && scores(client) >= before + MORE);
          say(
              "%s killed: it is well again and %d more images have scores".formatted(service, MORE),
              killed);
        }
        compose.run("stop", "camera");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(client.faults()).isEmpty());
        report.add("%d images in the end, each with one score".formatted(scores(client)));
      }
    } finally {
      Files.write(REPORT, report, UTF_8);
    }
  }

  private static int scores(HostClient client) {
    return client.values("surprisal.scores").size();
  }

  /** The process itself, so that the engine restarts it; what 'docker kill' ends stays ended. */
  private static void kill(String container) {
    long process = state(container).getPidLong();
    boolean killed = ProcessHandle.of(process).map(ProcessHandle::destroyForcibly).orElse(false);
    if (!killed) { // the engine runs elsewhere, or as another user
      Containers.engine().killContainerCmd(container).exec();
      Containers.engine().startContainerCmd(container).exec();
    }
  }

  /** Whether it runs again, after a start before, and is healthy where it says. */
  private static boolean isWell(String container, String startedBefore) {
    ContainerState state = state(container);
    return Boolean.TRUE.equals(state.getRunning())
        && !startedBefore.equals(state.getStartedAt())
        && (state.getHealth() == null || state.getHealth().getStatus().equals("healthy"));
  }

  private static ContainerState state(String container) {
    return Containers.engine().inspectContainerCmd(container).exec().getState();
  }

  private void say(String what, long since) {
    report.add("%s: %.1f s".formatted(what, (System.nanoTime() - since) / 1e9));
  }

  private static void until(String what, Callable<Boolean> holds) {
    await(what)
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(LOOK) // to ask Compose costs a second of a processor
        .until(holds);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
