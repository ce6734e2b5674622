package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceAlertKind;
import io.surprisal.schemas.SourceAlertState;
import io.surprisal.service.cli.Json;
import io.surprisal.service.run.EmbeddedBroker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A camera whose images carry no key, so that they come through all partitions, freezes; the two
 * members that score them, in processes of their own, are killed (−9) before and while the incident
 * is open. A plain consumer of committed records counts.
 */
@Tag("system")
@Tag("waiting")
class KilledWatchTest {

  private static final RecordFormat<SourceAlert> ALERTS = RecordFormat.of(SourceAlert.class);

  @TempDir private Path folder;
  private final List<CommandProcess> all = new ArrayList<>();
  private String server;
  private int sent;

  @Test
  @Timeout(240)
  void shouldTellOfAFrozenCameraOnceThoughItsScorersAreKilled() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0)) {
      server = broker.bootstrapServer();
      assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
      try (Records.Follower scores = new Records.Follower(server, "surprisal.scores");
          Records.Follower alerts = new Records.Follower(server, "surprisal.source-alerts")) {
        freezeAndThaw(scores, alerts);
        assertThat(alerts.poll())
            .extracting(record -> ALERTS.decode(record.value()))
            .extracting(SourceAlert::getSource, SourceAlert::getKind, SourceAlert::getState)
            .containsExactly(
                tuple("cam", SourceAlertKind.FROZEN, SourceAlertState.OPENED),
                tuple("cam", SourceAlertKind.FROZEN, SourceAlertState.CLEARED));
      }
      assertCommandsTell();
    } finally {
      for (CommandProcess member : all) {
        member.close();
      }
    }
  }

  private void freezeAndThaw(Records.Follower scores, Records.Follower alerts) throws Exception {
    CommandProcess left = member("left");
    CommandProcess right = member("right");
    for (int i = 0; i < 60; i++) {
      send((byte) i);
    }
    awaitScores(scores);
    for (int i = 0; i < 6; i++) {
      send((byte) 100);
    }
    awaitScores(scores);
    left.kill();
    right.kill(); // before the tenth
    left = member("left");
    right = member("right");
    for (int i = 0; i < 6; i++) {
      send((byte) 100);
    }
    awaitScores(scores);
    awaitAlerts(alerts, 1);
    for (CommandProcess member : List.of(left, right)) {
      member.kill(); // one of them watches
      member(member == left ? "left" : "right");
      for (int i = 0; i < 6; i++) {
        send((byte) 100);
      }
      awaitScores(scores);
    }
    for (int i = 0; i < 3; i++) {
      send((byte) (60 + i));
    }
    awaitScores(scores);
    awaitAlerts(alerts, 2);
  }

  private CommandProcess member(String name) throws IOException {
    CommandProcess member =
        CommandProcess.start(
            folder, BatchingMember.class, server, "killed-watch", folder.resolve(name).toString());
    all.add(member);
    return member;
  }

  private void send(byte pixel) throws Exception {
    Records.send(server, "surprisal.images", BatchingMember.event("image-" + sent++, "cam", pixel));
  }

  private void awaitScores(Records.Follower scores) {
    await().atMost(Duration.ofSeconds(90)).until(() -> scores.poll().size() >= sent);
  }

  private static void awaitAlerts(Records.Follower alerts, int count) {
    await().atMost(Duration.ofSeconds(90)).until(() -> alerts.poll().size() >= count);
  }

  private void assertCommandsTell() throws Exception {
    CommandRun alerts =
        CommandRun.of(
            "alerts", "--sources", "--from-beginning", "--max", "2", "--bootstrap-server", server);
    assertThat(alerts.outLines())
        .satisfiesExactly(
            line -> assertThat(line).contains("cam  FROZEN OPENED", "the same pixels 10 times"),
            line -> assertThat(line).contains("cam  FROZEN CLEARED"));
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              CommandRun run = CommandRun.of("sources", "--json", "--bootstrap-server", server);
              return run.exitCode() == 0
                  && Json.MAPPER.readTree(run.out()).path(0).path("images").asInt() == sent;
            });
    CommandRun table = CommandRun.of("sources", "--bootstrap-server", server);
    assertThat(table.outLines()).hasSize(2);
    assertThat(table.outLines().get(1)).startsWith("cam").contains("0.0 %").endsWith("LEARNING");
  }
}
