package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import io.surprisal.service.web.NeedsPrograms;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A scorer and a trainer whose machine's clock is set while images come. */
@Tag("system")
@Tag("waiting")
@NeedsPrograms(value = "faketime", from = "faketime")
class JumpingClockTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int SOME = 20;

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  @Test
  @Timeout(300)
  void shouldEndWhereTheClockIsSetBackByHoursAndAnswerEachImageOnceWhenStartedAgain()
      throws Exception {
    String server = broker.bootstrapServer();
    CommandRun topics = CommandRun.of("topics", "--bootstrap-server", server, "--partitions", "2");
    assertThat(topics.exitCode()).as(topics.err()).isZero();
    JumpingClock clock = new JumpingClock(folder);
    LoadRelease release = LoadRelease.whole(folder);
    try (CommandProcess trainer = trainer(server, clock);
        ScorerGroup scorers = new ScorerGroup(folder, server, release, clock.environment());
        Records.Follower written = Records.Follower.ofUncommitted(server, "surprisal.scores");
        ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(7))) {
      scorers.start("one");
      scorers.awaitMore(written, SOME, PATIENCE);
      await("the trainer decides")
          .atMost(PATIENCE)
          .until(() -> trainer.err().contains("Active trainer"));
      clock.set("-6h");
      assertThat(scorers.awaitFailure("one"))
          .contains("this machine's clock was set back by 21", "start again");
      assertThat(trainer.awaitEnd()).as(trainer.err()).isEqualTo(1);
      assertThat(trainer.err()).contains("this machine's clock was set back by 21", "start again");
      clock.set("+0");
      scorers.start("one");
      ImageLoad.Published published = load.stop();
      await("each image has its answer")
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(Verifier.faults(ledger())).isEmpty());
      assertThat(ledger().imagePlaces()).containsExactlyInAnyOrderElementsOf(published.places());
    }
  }

  private CommandProcess trainer(String server, JumpingClock clock) throws Exception {
    return CommandProcess.startIn(
        clock.environment(),
        folder,
        "train",
        "--bootstrap-server",
        server,
        "--device",
        "cpu",
        "--first-images",
        "1000000",
        "--state-dir",
        folder.resolve("trainer").toString(),
        "--store",
        folder.resolve("store").toString());
  }

  private static Ledger ledger() throws Exception {
    return Ledger.read(broker.bootstrapServer(), "surprisal.", ScorerGroup.APPLICATION);
  }
}
