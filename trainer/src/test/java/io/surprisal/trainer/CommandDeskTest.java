package io.surprisal.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.release.CanarySettings;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.run.RunDirectories;
import io.surprisal.trainer.run.RunLauncher;
import io.surprisal.trainer.run.RunPlanner;
import io.surprisal.trainer.run.RunSettings;
import io.surprisal.trainer.run.TrainingRuns;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandDeskTest {
  private static final ConsumerGroupMetadata GROUP =
      new MockConsumer<byte[], byte[]>("earliest").groupMetadata();

  @TempDir Path folder;
  private final RecordedCluster cluster = new RecordedCluster();
  private final InstantSource clock = () -> RecordedCluster.NOW;
  private ReleaseStore store;
  private Reservoir reservoir;
  private TrainingRuns runs;
  private CommandDesk desk;

  @BeforeEach
  void open() throws IOException {
    reservoir = new Reservoir(folder.resolve("reservoir"), SmallRuns.BOUNDS);
    store = new ReleaseStore(folder.resolve("store"));
    PublishedReleases releases = cluster.releases(folder.resolve("store"), store, clock);
    RunSettings settings = SmallRuns.runs();
    ServingRelease serving = cluster.serving(releases, store, clock);
    RunPlanner planner = new RunPlanner(settings, reservoir, store);
    RunDirectories directories = new RunDirectories(folder.resolve("runs"));
    runs =
        cluster.runs(
            new RunLauncher(settings, directories, planner, store, clock),
            directories,
            planner,
            reservoir,
            releases,
            serving,
            clock);
    desk =
        new CommandDesk(
            new CommandReader(cluster.settings()),
            cluster.view(),
            cluster.statements(),
            planner,
            serving,
            runs,
            clock);
  }

  @AfterEach
  void close() {
    runs.endThen(reservoir::close);
  }

  private void fill() {
    reservoir.add(LongStream.range(0, 300).mapToObj(StreamImages::frame).toList(), Map.of());
  }

  private void answer(ControlCommand command) {
    desk.answer(cluster.record(command), GROUP);
  }

  private void answer(String id, CommandType type) {
    answer(RecordedCluster.command(id, type).build());
  }

  private void assertLast(TrainerEventType type, String commandId, String message) {
    assertThat(cluster.last().getType()).isEqualTo(type);
    assertThat(cluster.last().getCommandId()).isEqualTo(commandId);
    assertThat(cluster.last().getMessage()).isEqualTo(message);
    assertThat(cluster.last().getMember()).isEqualTo("t1");
  }

  /** A release in the store, as somebody announced it. */
  private String announced(long seed, ReleaseState state) throws IOException {
    Path file = folder.resolve("release-" + seed);
    Release release = Release.untrained(file, SmallRuns.FIT.model(new ImageShape(1, 16, 16)), seed);
    Path stored = store.put(file, release);
    cluster
        .view()
        .saw(
            ReleaseAnnouncement.newBuilder()
                .setReleaseId(release.id())
                .setState(state)
                .setLocation(stored.toUri().toString())
                .setSha256(release.id())
                .setSizeBytes(1)
                .setAnnouncedAt(RecordedCluster.NOW)
                .build());
    return release.id();
  }

  @Test
  void shouldCommitTheOffsetOfACommandWithItsAnswer() {
    answer("c1", CommandType.PAUSE);
    assertThat(cluster.committedCommands()).isEqualTo(1);
    answer("c2", CommandType.RESUME);
    assertThat(cluster.committedCommands()).isEqualTo(2);
  }

  @Test
  void shouldRefuseWhatIsNoCommandUnderTheNameOfItsKey() {
    byte[] key = "key".getBytes(StandardCharsets.UTF_8);
    desk.answer(
        new ConsumerRecord<>(RecordedCluster.TOPICS.control(), 0, 7, key, new byte[] {1}), GROUP);
    assertLast(
        TrainerEventType.COMMAND_REJECTED, "key", "the record is no command that can be read");
    assertThat(cluster.committedCommands()).isEqualTo(8);
  }

  /** The answer would be larger than its topic takes, and the trainer ask itself for ever. */
  @Test
  void shouldAnswerACommandOfAHugeIdUnderItsPlace() {
    answer("x".repeat(2_000_000), CommandType.PAUSE);
    assertLast(
        TrainerEventType.COMMAND_REJECTED,
        "test.control-0-0",
        "commandId has 2000000 bytes, must have 1 to 256");
    assertThat(cluster.committedCommands()).isEqualTo(1);
    assertThat(cluster.view().isPaused()).isFalse();
  }

  @Test
  void shouldRepeatNothingOfACommandOfHugeWords() {
    String huge = "x".repeat(2_000_000);
    desk.answer(
        cluster.record(RecordedCluster.command("c1", CommandType.PAUSE).setReason(huge).build()),
        GROUP);
    assertLast(
        TrainerEventType.COMMAND_REJECTED, "c1", "reason has 2000000 characters, may have 4096");
    desk.answer(
        cluster.record(
            RecordedCluster.command("c2", CommandType.PROMOTE).setReleaseId(huge).build()),
        GROUP);
    assertLast(
        TrainerEventType.COMMAND_REJECTED, "c2", "releaseId has 2000000 characters, must have 64");
  }

  @Test
  void shouldGoOnBehindACommandWhoseAnswerNoTopicTakes() {
    cluster.refuseSends(new RecordTooLargeException("1 byte is too much"));
    answer("c1", CommandType.PAUSE);
    assertThat(cluster.committedCommands()).isEqualTo(1);
    assertThat(cluster.view().isPaused()).isFalse();
    cluster.acceptSends();
    answer("c2", CommandType.PAUSE);
    assertLast(TrainerEventType.COMMAND_DONE, "c2", "no run starts until RESUME");
  }

  @Test
  void shouldRefuseWhatTheReaderObjectsTo() {
    answer("c1", CommandType.PROMOTE);
    assertLast(TrainerEventType.COMMAND_REJECTED, "c1", "PROMOTE names no releaseId");
  }

  @Test
  void shouldRefuseToRetrainWithoutImages() {
    answer("c1", CommandType.RETRAIN);
    assertThat(cluster.last().getType()).isEqualTo(TrainerEventType.COMMAND_REJECTED);
    assertThat(cluster.last().getMessage()).startsWith("the reservoir has 0 images to train on");
  }

  @Test
  void shouldLetARunWaitForTheNextTurnAndCarryARepeatedCommandOutOnce() {
    fill();
    answer("c1", CommandType.RETRAIN);
    assertLast(TrainerEventType.COMMAND_ACCEPTED, "c1", "a run starts now");
    answer("c1", CommandType.RETRAIN);
    assertLast(
        TrainerEventType.COMMAND_ACCEPTED,
        "c1",
        "a command of this id was accepted before; it is carried out once");
    assertThat(cluster.view().waiting()).containsOnlyKeys("c1");
  }

  @Test
  void shouldDoNothingOnACommandThatWasAnsweredBefore() {
    answer("c1", CommandType.PAUSE);
    answer("c2", CommandType.RESUME);
    answer("c1", CommandType.PAUSE);
    assertLast(
        TrainerEventType.COMMAND_REJECTED,
        "c1",
        "a command of this id was answered before; nothing is done");
    assertThat(cluster.view().isPaused()).isFalse();
  }

  @Test
  void shouldStartNoRunWhileItIsPaused() {
    fill();
    answer("c1", CommandType.PAUSE);
    assertLast(TrainerEventType.COMMAND_DONE, "c1", "no run starts until RESUME");
    answer("c2", CommandType.RETRAIN);
    assertLast(TrainerEventType.COMMAND_REJECTED, "c2", "the trainer is paused; send RESUME first");
    answer("c3", CommandType.RESUME);
    assertLast(TrainerEventType.COMMAND_DONE, "c3", "runs start again");
    answer("c4", CommandType.RETRAIN);
    assertLast(TrainerEventType.COMMAND_ACCEPTED, "c4", "a run starts now");
  }

  @Test
  void shouldCancelWhatWaits() {
    answer("c0", CommandType.CANCEL);
    assertLast(
        TrainerEventType.COMMAND_REJECTED, "c0", "no run is under way, and no release is tried");
    fill();
    answer("c1", CommandType.RETRAIN);
    answer("c2", CommandType.CANCEL);
    assertLast(TrainerEventType.COMMAND_DONE, "c2", "cancelled");
    assertThat(cluster.view().waiting()).isEmpty();
    assertThat(cluster.events())
        .anyMatch(
            event ->
                event.getType() == TrainerEventType.COMMAND_REJECTED
                    && event.getCommandId().equals("c1")
                    && event.getMessage().equals("cancelled by a test"));
  }

  /** What the run carries out is answered when it has ended; what waits for the next one, now. */
  @Test
  void shouldCancelTheRunUnderWay() throws InterruptedException {
    fill();
    answer("c1", CommandType.RETRAIN);
    runs.tick();
    answer("c2", CommandType.RETRAIN);
    assertLast(TrainerEventType.COMMAND_ACCEPTED, "c2", "after the run under way");
    answer("c3", CommandType.CANCEL);
    assertThat(cluster.view().waiting()).containsOnlyKeys("c1");
    assertLast(TrainerEventType.COMMAND_DONE, "c3", "cancelled");
  }

  @Test
  void shouldPromoteReleasesAndRollThemBack() throws IOException {
    String before = announced(1, ReleaseState.ACTIVE);
    String wanted = announced(2, ReleaseState.INACTIVE);
    answer(
        RecordedCluster.command("c1", CommandType.PROMOTE).setReleaseId("ab".repeat(32)).build());
    assertThat(cluster.last().getMessage()).endsWith("was never announced");
    answer(RecordedCluster.command("c2", CommandType.PROMOTE).setReleaseId(wanted).build());
    assertLast(TrainerEventType.COMMAND_DONE, "c2", "release " + wanted + " is active");
    assertThat(cluster.view().active().orElseThrow().getReleaseId()).isEqualTo(wanted);
    answer("c3", CommandType.ROLLBACK);
    assertLast(TrainerEventType.COMMAND_DONE, "c3", "release " + before + " is active again");
    assertThat(cluster.announcements())
        .extracting(ReleaseAnnouncement::getState)
        .as("who serves is announced last")
        .containsExactly(
            ReleaseState.INACTIVE, ReleaseState.ACTIVE, ReleaseState.INACTIVE, ReleaseState.ACTIVE);
  }

  @Test
  void shouldGoOneReleaseFurtherBackWithEachRollback() throws IOException {
    List<String> releases = new ArrayList<>();
    releases.add(announced(1, ReleaseState.ACTIVE));
    for (int i = 2; i <= 4; i++) {
      String next = announced(i, ReleaseState.REFUSED); // never served
      releases.add(next);
      answer(
          RecordedCluster.command("promote-" + i, CommandType.PROMOTE).setReleaseId(next).build());
    }
    for (int i = 2; i >= 0; i--) {
      answer("rollback-" + i, CommandType.ROLLBACK);
      assertThat(cluster.view().active().orElseThrow().getReleaseId()).isEqualTo(releases.get(i));
    }
    answer("rollback", CommandType.ROLLBACK);
    assertLast(
        TrainerEventType.COMMAND_REJECTED,
        "rollback",
        "no release was active before the present one");
  }

  @Test
  void shouldNotRollBackToAReleaseThatIsGone() throws IOException {
    String before = announced(1, ReleaseState.ACTIVE);
    String wanted = announced(2, ReleaseState.REFUSED);
    answer(RecordedCluster.command("c1", CommandType.PROMOTE).setReleaseId(wanted).build());
    Files.delete(store.file(before));
    answer("c2", CommandType.ROLLBACK);
    assertThat(cluster.last().getType()).isEqualTo(TrainerEventType.COMMAND_REJECTED);
    assertThat(cluster.last().getMessage()).contains(before + " cannot be loaded");
    assertThat(cluster.view().active().orElseThrow().getReleaseId()).isEqualTo(wanted);
  }

  @Test
  void shouldSetTheAlertRateOfTheReleaseThatServes() throws IOException {
    ControlCommand.Builder command = RecordedCluster.command("c1", CommandType.SET_ALERT_RATE);
    answer(command.setAlertRate(0.02).build());
    assertLast(TrainerEventType.COMMAND_REJECTED, "c1", "no release is active yet");
    String active = announced(1, ReleaseState.ACTIVE);
    answer(command.setCommandId("c2").build());
    assertLast(TrainerEventType.COMMAND_DONE, "c2", "the alert rate is 0.02");
    assertThat(cluster.view().active().orElseThrow().getReleaseId()).isEqualTo(active);
    assertThat(cluster.view().active().orElseThrow().getAlertRate()).isEqualTo(0.02);
  }

  @Test
  void shouldTryAReleaseBesideTheOneThatServes() throws IOException {
    announced(1, ReleaseState.ACTIVE);
    String candidate = announced(2, ReleaseState.INACTIVE);
    answer(RecordedCluster.command("c1", CommandType.CANARY).setReleaseId(candidate).build());
    assertThat(cluster.view().candidate().orElseThrow().getReleaseId()).isEqualTo(candidate);
    assertThat(cluster.view().candidate().orElseThrow().getShadowShare())
        .isEqualTo(CanarySettings.DEFAULT_SHARE);
    assertThat(cluster.view().canary()).isPresent();
    answer("c2", CommandType.CANCEL);
    assertThat(cluster.view().candidate()).isEmpty();
    assertThat(cluster.view().canary()).isEmpty();
  }
}
