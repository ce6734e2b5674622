package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two scorers of an earlier version under load, one after the other replaced by this version, on
 * its state directory, and then put back. Runs only with {@code
 * -Dsurprisal.before=/path/to/bin/surprisal}, the command of a built tree of that version, whose
 * {@code releases/demo.safetensors} is scored with.
 */
@EnabledIfSystemProperty(
    named = "surprisal.before",
    matches = ".+",
    disabledReason = "-Dsurprisal.before names the command of an earlier version")
@Tag("system")
class UpgradedStreamTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final List<String> MEMBERS = List.of("one", "two");
  private static final int SOME = 40;

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  @Test
  @Timeout(900)
  void shouldAnswerEachImageOnceWhileScorersAreUpgradedAndPutBack() throws Exception {
    Path before = Path.of(System.getProperty("surprisal.before")).toRealPath();
    LoadRelease release =
        new LoadRelease(before.resolveSibling("../releases/demo.safetensors").normalize(), 8);
    String server = broker.bootstrapServer();
    try (CommandProcess topics =
        CommandProcess.startProgram(
            before, folder, "topics", "--bootstrap-server", server, "--partitions", "2")) {
      assertThat(topics.awaitEnd()).as(topics.err()).isZero();
    }
    try (ScorerGroup scorers = new ScorerGroup(folder, server, release);
        Records.Follower written = Records.Follower.ofUncommitted(server, "surprisal.scores");
        ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.PHOTOS, new Random(8))) {
      for (String member : MEMBERS) {
        scorers.start(member, before);
      }
      scorers.awaitMore(written, SOME, PATIENCE);
      for (String member : MEMBERS) {
        scorers.terminate(member);
        scorers.start(member);
        scorers.awaitMore(written, SOME, PATIENCE);
      }
      for (String member : MEMBERS) {
        scorers.terminate(member);
        scorers.start(member, before);
        scorers.awaitMore(written, SOME, PATIENCE);
      }
      ImageLoad.Published published = load.stop();
      await("each image has its answer")
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(Verifier.faults(ledger())).isEmpty());
      scorers.requireAlive();
      assertThat(ledger().imagePlaces()).containsExactlyInAnyOrderElementsOf(published.places());
    }
  }

  private static Ledger ledger() throws Exception {
    return Ledger.read(broker.bootstrapServer(), "surprisal.", ScorerGroup.APPLICATION);
  }
}
