package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Candidates tried on live traffic: broker, scorer and trainer in processes of their own. */
@Tag("system")
@Tag("waiting")
class CanaryTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final int SIDE = 16;
  private static final int BURST = 30;

  @TempDir private Path folder;

  @Test
  @Timeout(400)
  void shouldPromoteABetterCandidateAndRefuseAWorseOneFromWhatTheyScoreLive() throws Exception {
    try (TrainerProcesses system = new TrainerProcesses(folder)) {
      // Of untrained networks one whose least noisy latent is noisier costs more or fewer bits.
      Release worse = release("worse", -2);
      Release better = release("better", -8);
      Release serving = release("serving", -5);
      assertThat(meanBitsPerDim(better)).isLessThan(meanBitsPerDim(serving) - 0.1);
      assertThat(meanBitsPerDim(worse)).isGreaterThan(meanBitsPerDim(serving) + 0.1);
      announce(system, worse, "worse");
      announce(system, better, "better");
      announce(system, serving, "serving");
      system.scorer("scorer");
      system.await(TrainerEventType.RELEASE_SERVED, 1, PATIENCE);
      CommandProcess trainer = system.trainer("trainer");

      CommandRun refused = system.command("canary", worse.id(), "--share", "0.5", "--images", "40");
      assertThat(refused.exitCode()).as(refused.err()).isZero();
      trainer.kill(); // what it has read so far is read again by the next
      system.trainer("trainer");
      int published = publishUntil(system, TrainerEventType.CANARY_REFUSED, 0);
      TrainerEvent refusal = system.events(TrainerEventType.CANARY_REFUSED).get(0);
      assertThat(refusal.getReleaseId()).isEqualTo(worse.id());
      assertThat(refusal.getMessage()).contains("bits/dim rise by at least");

      CommandRun tried = system.command("canary", better.id(), "--share", "0.5", "--images", "40");
      assertThat(tried.exitCode()).as(tried.err()).isZero();
      published = publishUntil(system, TrainerEventType.CANARY_PASSED, published);
      system.await(TrainerEventType.RELEASE_SERVED, 2, PATIENCE);

      assertThat(system.events(TrainerEventType.RELEASE_SERVED).get(1).getReleaseId())
          .isEqualTo(better.id());
      assertThat(system.announcements())
          .filteredOn(announcement -> announcement.getReleaseId().equals(worse.id()))
          .last()
          .satisfies(last -> assertThat(last.getState()).isEqualTo(ReleaseState.REFUSED));
      assertThat(system.command("rollback").exitCode()).isZero();
      system.await(TrainerEventType.RELEASE_SERVED, 3, PATIENCE);
      assertThat(system.events(TrainerEventType.RELEASE_SERVED).get(2).getReleaseId())
          .as("the one before, not the one that was refused")
          .isEqualTo(serving.id());
      requireOneScoreEach(system, published, serving, better);
    }
  }

  private Release release(String name, double gammaMin) throws Exception {
    return Release.untrained(
        folder.resolve(name),
        new ModelConfiguration(
            1, SIDE, SIDE, 8, 1, 2, 1e-6, List.of(), 0, gammaMin, 5, Schedule.LEARNED_SCALAR),
        1);
  }

  private static double meanBitsPerDim(Release release) {
    ImageDataset frames = new SurfaceCamera(1, 0, SIDE).frames(0, BURST);
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, 4)) {
      double sum = 0;
      for (int i = 0; i < BURST; i++) {
        sum += scorer.score(frames.image(i)).bitsPerDim();
      }
      return sum / BURST;
    }
  }

  private void announce(TrainerProcesses system, Release release, String name) throws Exception {
    DirectAnnouncement.of(
        folder.resolve(name),
        release,
        system.store(),
        Map.of("bootstrap.servers", system.server()),
        new Topics(Topics.DEFAULT_PREFIX),
        "test");
  }

  /** Publishes burst after burst; returns how many images there are then. */
  private int publishUntil(TrainerProcesses system, TrainerEventType type, int before)
      throws Exception {
    int[] published = {before};
    system.await(
        type.toString(),
        PATIENCE,
        () -> {
          system.publish(
              system.images("burst-" + published[0], published[0], BURST, 0, 0),
              "cam-" + published[0] / BURST % 2);
          published[0] += BURST;
          return !system.events(type).isEmpty();
        });
    return published[0];
  }

  private static void requireOneScoreEach(
      TrainerProcesses system, int published, Release... releases) {
    List<ImageScore> scores =
        Records.read(system.server(), "surprisal.scores", published).stream()
            .map(record -> SCORES.decode(record.value()))
            .toList();
    assertThat(scores).hasSize(published);
    assertThat(scores.stream().map(ImageScore::getLocation).distinct()).hasSize(published);
    assertThat(scores)
        .extracting(ImageScore::getReleaseId)
        .isSubsetOf(List.of(releases).stream().map(Release::id).toList());
  }
}
