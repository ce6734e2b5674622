package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainers in processes of their own, killed (−9) and paused at the worst moments. */
@Tag("system")
@Tag("waiting")
class KilledTrainerTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir private Path folder;

  @Test
  @Timeout(400)
  void shouldEndItsRunAsItWouldHaveWhereverItIsKilled() throws Exception {
    try (TrainerProcesses system = new TrainerProcesses(folder)) {
      CommandProcess filling = trainer(system);
      system.publish(system.images("a.idx", 1, 250, 0, 0), "cam");
      filling.kill();
      system.publish(system.images("b.idx", 2, 250, 0, 0), "cam");

      CommandProcess training = trainer(system);
      system.await(TrainerEventType.RUN_PROGRESS, 2, PATIENCE);
      training.kill();

      CommandProcess gating = trainer(system);
      system.await("the candidate", PATIENCE, () -> exists("runs", "candidate.safetensors"));
      gating.kill();

      CommandProcess storing = trainer(system);
      system.await("the release", PATIENCE, () -> exists("runs", "release.safetensors"));
      storing.kill();

      CommandProcess announcing = trainer(system);
      system.await("the stored release", PATIENCE, () -> stored(system) > 0);
      announcing.kill();

      trainer(system);
      TrainerEvent published = system.await(TrainerEventType.RUN_PUBLISHED, 1, PATIENCE);

      assertThat(system.events(TrainerEventType.RUN_STARTED))
          .as("one run, gone on with")
          .extracting(TrainerEvent::getRunId)
          .containsExactly(published.getRunId());
      assertThat(system.announcements())
          .as("announced once")
          .extracting(ReleaseAnnouncement::getReleaseId, ReleaseAnnouncement::getState)
          .containsExactly(tuple(published.getReleaseId(), ReleaseState.ACTIVE));
      assertThat(new ReleaseStore(system.store()).load(published.getReleaseId()).calibration())
          .as("the announced file is whole")
          .isPresent();
    }
  }

  /** Every trainer of this test is the same one, started anew. */
  private static CommandProcess trainer(TrainerProcesses system) throws IOException {
    return system.trainer("trainer", "--first-images", "500", "--minutes", "0.25");
  }

  private boolean exists(String... parts) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("trainer").resolve(parts[0]))) {
      return files.anyMatch(file -> file.getFileName().toString().equals(parts[1]));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static long stored(TrainerProcesses system) throws IOException {
    try (Stream<Path> files = Files.list(system.store())) {
      return files.filter(file -> file.toString().endsWith(".safetensors")).count();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  @Test
  @Timeout(300)
  void shouldNotLetATrainerSpeakThatWasPausedWhileAnotherTookOver() throws Exception {
    try (TrainerProcesses system = new TrainerProcesses(folder)) {
      CommandProcess old = system.trainer("old", "--first-images", "500", "--minutes", "10");
      system.publish(system.images("a.idx", 1, 500, 0, 0), "cam");
      system.await(TrainerEventType.RUN_PROGRESS, 1, PATIENCE);
      old.pause();

      system.trainer("new", "--first-images", "1000000");
      TrainerEvent failed = system.await(TrainerEventType.RUN_FAILED, 1, PATIENCE);
      assertThat(failed.getMember()).isEqualTo("new");
      int before = system.events().size();
      old.resume();
      system.await(
          "the old one stands by", PATIENCE, () -> old.err().contains("Trainer old stands by"));

      CommandRun answered = system.command("pause");
      assertThat(answered.exitCode()).as(answered.err()).isZero();
      List<TrainerEvent> all = system.events();
      List<TrainerEvent> since = all.subList(before, all.size());
      assertThat(since).as("the command's answer").isNotEmpty();
      // The old one may come to be the active one again: what it says then is its own.
      assertThat(since)
          .as("nothing of the old one's run gets through")
          .extracting(TrainerEvent::getRunId)
          .doesNotContain(failed.getRunId());
    }
  }
}
