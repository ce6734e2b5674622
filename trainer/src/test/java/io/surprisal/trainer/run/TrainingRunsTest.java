package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.RecordedCluster;
import io.surprisal.trainer.SmallRuns;
import io.surprisal.trainer.StreamImages;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of two seconds by a clock that goes on by 5 ms each time it is read. */
@Tag("training")
class TrainingRunsTest {
  private static final double MINUTES = 2.0 / 60;
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path folder;
  private final RecordedCluster cluster = new RecordedCluster();
  private final AtomicLong millis = new AtomicLong(RecordedCluster.NOW.toEpochMilli());
  private final InstantSource clock = () -> Instant.ofEpochMilli(millis.addAndGet(5));
  private ReleaseStore store;
  private Reservoir reservoir;
  private RunDirectories directories;
  private TrainingRuns runs;

  @BeforeEach
  void open() throws IOException {
    reservoir = new Reservoir(folder.resolve("reservoir"), SmallRuns.BOUNDS);
    store = new ReleaseStore(folder.resolve("store"));
    directories = new RunDirectories(folder.resolve("runs"));
    runs = runs();
  }

  @AfterEach
  void close() {
    runs.endThen(reservoir::close);
  }

  /** As a trainer that takes over has them. */
  private TrainingRuns runs() {
    PublishedReleases releases = cluster.releases(folder.resolve("store"), store, clock);
    RunSettings settings = SmallRuns.runs();
    ServingRelease serving = cluster.serving(releases, store, clock);
    RunPlanner planner = new RunPlanner(settings, reservoir, store);
    return cluster.runs(
        new RunLauncher(settings, directories, planner, store, clock),
        directories,
        planner,
        reservoir,
        releases,
        serving,
        clock);
  }

  private void fill() {
    reservoir.add(LongStream.range(0, 300).mapToObj(StreamImages::frame).toList(), Map.of());
  }

  private void retrain(String id) {
    cluster.accepted(RecordedCluster.command(id, CommandType.RETRAIN).setMinutes(MINUTES).build());
  }

  private void tickUntilItHasEnded() {
    await()
        .atMost(DEADLINE)
        .until(
            () -> {
              runs.tick();
              return !runs.isUnderWay();
            });
  }

  @Test
  void shouldDoNothingWhileNothingIsDue() throws InterruptedException {
    fill();
    runs.tick();
    assertThat(runs.isUnderWay()).isFalse();
    assertThat(cluster.events()).isEmpty();
  }

  @Test
  void shouldAnnounceWhatPassesTheGateAndAnswerWhoAskedForIt() throws Exception {
    fill();
    retrain("c1");
    runs.tick();
    assertThat(runs.isUnderWay()).isTrue();
    assertThat(runs.carriesOut("c1")).isTrue();
    assertThat(runs.carriesOut("c2")).isFalse();
    String run = cluster.last().getRunId();
    assertThat(directories.of(run)).isDirectory();
    tickUntilItHasEnded();
    assertThat(cluster.eventTypes())
        .containsExactly(
            TrainerEventType.COMMAND_ACCEPTED,
            TrainerEventType.RUN_STARTED,
            TrainerEventType.RUN_PUBLISHED,
            TrainerEventType.COMMAND_DONE);
    assertThat(cluster.events())
        .anyMatch(event -> event.getType() == TrainerEventType.RUN_PROGRESS);
    ReleaseAnnouncement active = cluster.view().active().orElseThrow();
    Release release = store.load(active.getReleaseId());
    assertThat(release.provenance().orElseThrow().runId()).isEqualTo(run);
    assertThat(active.getRunId()).isEqualTo(run);
    assertThat(cluster.last().getMessage())
        .isEqualTo("release " + active.getReleaseId() + " is active");
    assertThat(directories.of(run)).as("its release is in the store").doesNotExist();
    runs.tick();
    assertThat(runs.isUnderWay()).as("it is carried out once").isFalse();
  }

  @Test
  void shouldEndARunThatIsCancelledAndSayByWhom() throws Exception {
    fill();
    retrain("c1");
    runs.tick();
    runs.cancel("operator: wrong camera");
    tickUntilItHasEnded();
    assertThat(cluster.eventTypes())
        .endsWith(TrainerEventType.RUN_CANCELLED, TrainerEventType.COMMAND_REJECTED);
    assertThat(cluster.last().getMessage()).isEqualTo("cancelled by operator: wrong camera");
    assertThat(cluster.view().active()).isEmpty();
    assertThat(cluster.view().openRuns()).isEmpty();
  }

  /** A trainer that stands by takes over in the middle, on the disk of the one before. */
  @Test
  void shouldGoOnWithARunThatHasNotEnded() throws Exception {
    fill();
    retrain("c1");
    runs.tick();
    String run = cluster.last().getRunId();
    runs.endThen(() -> {});
    assertThat(cluster.view().openRuns()).containsExactly(run);
    runs = runs();
    runs.tick();
    assertThat(runs.carriesOut("c1")).isTrue();
    tickUntilItHasEnded();
    assertThat(cluster.eventTypes())
        .endsWith(
            TrainerEventType.RUN_STARTED,
            TrainerEventType.RUN_PUBLISHED,
            TrainerEventType.COMMAND_DONE);
  }

  @Test
  void shouldGiveUpARunWhoseFilesLieElsewhere() throws InterruptedException {
    cluster
        .view()
        .saw(
            TrainerEvent.newBuilder()
                .setType(TrainerEventType.RUN_STARTED)
                .setRunId("run-elsewhere")
                .setEventTime(RecordedCluster.NOW)
                .build());
    runs.tick();
    assertThat(cluster.last().getType()).isEqualTo(TrainerEventType.RUN_FAILED);
    assertThat(cluster.last().getMessage())
        .isEqualTo("its files lie with the trainer that started it");
    assertThat(cluster.view().openRuns()).isEmpty();
  }

  @Test
  void shouldSayThatARunCannotBePrepared() throws InterruptedException {
    retrain("c1"); // accepted by a trainer whose reservoir was full
    runs.tick();
    assertThat(cluster.eventTypes())
        .endsWith(TrainerEventType.RUN_FAILED, TrainerEventType.COMMAND_REJECTED);
    assertThat(cluster.last().getMessage())
        .startsWith("the run failed: it cannot be prepared: 0 images to train on");
    assertThat(runs.isUnderWay()).isFalse();
  }

  @Test
  void shouldSayThatARunHasFailed() throws Exception {
    fill();
    retrain("c1");
    runs.tick();
    String run = cluster.last().getRunId();
    runs.endThen(() -> {});
    Files.delete(RunImages.fileOfWhole(directories.of(run)));
    runs = runs();
    runs.tick();
    tickUntilItHasEnded();
    assertThat(cluster.eventTypes())
        .endsWith(TrainerEventType.RUN_FAILED, TrainerEventType.COMMAND_REJECTED);
  }

  /** As where the disk of the store is full: what serves goes on. */
  @Test
  void shouldAnnounceNothingThatTheStoreDoesNotTake() throws Exception {
    fill();
    retrain("c1");
    runs.tick();
    Files.delete(folder.resolve("store"));
    Files.createFile(folder.resolve("store"));
    tickUntilItHasEnded();
    assertThat(cluster.eventTypes())
        .endsWith(TrainerEventType.RUN_FAILED, TrainerEventType.COMMAND_REJECTED);
    assertThat(cluster.last().getMessage())
        .contains("cannot be stored", folder.resolve("store").toString(), "RETRAIN");
    assertThat(cluster.view().announcements()).isEmpty();
    runs.tick();
    assertThat(runs.isUnderWay()).isFalse();
  }

  @Test
  void shouldWaitWhileACandidateIsTried() throws InterruptedException {
    fill();
    cluster
        .view()
        .saw(
            ReleaseAnnouncement.newBuilder()
                .setReleaseId("candidate")
                .setState(ReleaseState.CANDIDATE)
                .setLocation("file:///candidate")
                .setSha256("candidate")
                .setSizeBytes(1)
                .setAnnouncedAt(RecordedCluster.NOW)
                .build());
    retrain("c1");
    runs.tick();
    assertThat(runs.isUnderWay()).isFalse();
  }
}
