package io.surprisal.trainer.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.KeyList;
import io.surprisal.handover.Seal;
import io.surprisal.handover.Trust;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics that begin at offset 5, since what is older was deleted. */
class ClusterHistoryTest {
  private static final Topics TOPICS = new Topics("test.");
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final long FIRST = 5;
  private static final KeyPair KEYS = Ed25519.newKeys();
  private static final ClusterSettings CLUSTER = cluster(TrustedKeys.NOBODY_ASKED);

  private final MockConsumer<byte[], byte[]> consumer =
      new MockConsumer<>(ClusterSettings.FROM_THE_BEGINNING);

  private static ClusterSettings cluster(TrustedKeys commanders) {
    return new ClusterSettings(
        "cluster", TOPICS, Map.of(), "group", "member", commanders, Duration.ofHours(1));
  }

  private static byte[] command(String id, CommandType type) {
    return RecordFormat.of(ControlCommand.class)
        .encode(
            ControlCommand.newBuilder().setCommandId(id).setType(type).setRequestedAt(NOW).build());
  }

  private static byte[] announcement(String id, ReleaseState state) {
    return RecordFormat.of(ReleaseAnnouncement.class)
        .encode(
            ReleaseAnnouncement.newBuilder()
                .setReleaseId(id)
                .setState(state)
                .setLocation("file:///" + id)
                .setSha256(id)
                .setSizeBytes(1)
                .setAnnouncedAt(NOW)
                .build());
  }

  private static byte[] event(TrainerEventType type, String commandId) {
    return RecordFormat.of(TrainerEvent.class)
        .encode(
            TrainerEvent.newBuilder()
                .setType(type)
                .setEventTime(NOW)
                .setCommandId(commandId)
                .build());
  }

  private void fill(String topic, byte[]... values) {
    TopicPartition partition = new TopicPartition(topic, 0);
    consumer.updateBeginningOffsets(Map.of(partition, FIRST));
    consumer.updateEndOffsets(Map.of(partition, FIRST + values.length));
    if (values.length == 0) {
      return; // is not polled
    }
    consumer.schedulePollTask(
        () -> {
          for (int i = 0; i < values.length; i++) {
            consumer.addRecord(new ConsumerRecord<>(topic, 0, FIRST + i, null, values[i]));
          }
        });
  }

  @Test
  void shouldReadWhatWasSaidUntilNow() {
    fill(
        TOPICS.control(),
        command("waits", CommandType.RETRAIN),
        command("pause", CommandType.PAUSE),
        command("unanswered", CommandType.RETRAIN));
    fill(
        TOPICS.releases(),
        announcement("a", ReleaseState.INACTIVE),
        announcement("b", ReleaseState.ACTIVE));
    fill(
        TOPICS.trainer(),
        event(TrainerEventType.COMMAND_ACCEPTED, "waits"),
        event(TrainerEventType.COMMAND_DONE, "pause"));
    ClusterView view = ClusterHistory.read(CLUSTER, Trust.ANYBODY, 0, consumer);
    assertThat(view.waiting()).containsOnlyKeys("waits");
    assertThat(view.isPaused()).isTrue();
    assertThat(view.isAnswered("unanswered")).isFalse();
    assertThat(view.active().orElseThrow().getReleaseId()).isEqualTo("b");
    assertThat(view.before().orElseThrow().getReleaseId()).isEqualTo("a");
  }

  /** Deleted keys, and records that others have sent. */
  @Test
  void shouldPassOverWhatItCannotRead() {
    byte[] junk = {1, 2, 3};
    fill(TOPICS.control(), junk, command("waits", CommandType.RETRAIN));
    fill(TOPICS.releases(), junk, null, announcement("a", ReleaseState.ACTIVE));
    fill(TOPICS.trainer(), junk, event(TrainerEventType.COMMAND_ACCEPTED, "waits"));
    ClusterView view = ClusterHistory.read(CLUSTER, Trust.ANYBODY, 0, consumer);
    assertThat(view.waiting()).containsOnlyKeys("waits");
    assertThat(view.active()).isPresent();
  }

  /** Whoever may write to the topic may name nothing, too much, or a way out of a directory. */
  @Test
  void shouldPassOverEventsThatNameNoRunAndNoCommand() {
    String tooLong = "x".repeat(2_000_000);
    fill(TOPICS.control(), command(tooLong, CommandType.RETRAIN));
    fill(TOPICS.releases());
    fill(
        TOPICS.trainer(),
        ofRun(null),
        ofRun(".."),
        ofRun("../../etc"),
        ofRun(""),
        ofRun(tooLong),
        ofRun("run-1"),
        event(TrainerEventType.COMMAND_DONE, null),
        event(TrainerEventType.COMMAND_ACCEPTED, tooLong));
    ClusterView view = ClusterHistory.read(CLUSTER, Trust.ANYBODY, 0, consumer);
    assertThat(view.openRuns()).containsExactly("run-1");
    assertThat(view.waiting()).isEmpty();
    assertThat(view.isAnswered(tooLong)).isFalse();
  }

  private static byte[] ofRun(String runId) {
    return RecordFormat.of(TrainerEvent.class)
        .encode(
            TrainerEvent.newBuilder()
                .setType(TrainerEventType.RUN_STARTED)
                .setEventTime(NOW)
                .setRunId(runId)
                .build());
  }

  /** An announcement as a trainer with a key says it. */
  private static ConsumerRecord<byte[], byte[]> sealed(
      long offset, long number, String cluster, String id, ReleaseState state) {
    ProducerRecord<byte[], byte[]> sent =
        new ProducerRecord<>(
            TOPICS.releases(), id.getBytes(StandardCharsets.UTF_8), announcement(id, state));
    Seal.ANNOUNCEMENT.put(sent, cluster, number, KEYS.getPrivate());
    ConsumerRecord<byte[], byte[]> read =
        new ConsumerRecord<>(TOPICS.releases(), 0, offset, sent.key(), sent.value());
    sent.headers().forEach(read.headers()::add);
    return read;
  }

  private void fillReleases(List<ConsumerRecord<byte[], byte[]>> records) {
    TopicPartition partition = new TopicPartition(TOPICS.releases(), 0);
    consumer.updateBeginningOffsets(Map.of(partition, FIRST));
    consumer.updateEndOffsets(Map.of(partition, FIRST + records.size()));
    consumer.schedulePollTask(() -> records.forEach(consumer::addRecord));
  }

  private ClusterView trusting(long signedBefore) {
    return ClusterHistory.read(
        CLUSTER, new Trust("cluster", TrustedKeys.of(KEYS.getPublic())), signedBefore, consumer);
  }

  @Test
  void shouldHoldToSignedAnnouncementsOfThisPlaceInTheirOrder() {
    fill(TOPICS.control());
    fillReleases(
        List.of(
            sealed(5, 100, "cluster", "a", ReleaseState.INACTIVE),
            sealed(6, 101, "cluster", "b", ReleaseState.ACTIVE),
            new ConsumerRecord<>(
                TOPICS.releases(), 0, 7, null, announcement("x", ReleaseState.ACTIVE)),
            sealed(8, 999, "other cluster", "y", ReleaseState.ACTIVE),
            sealed(9, 99, "cluster", "a", ReleaseState.ACTIVE)));
    fill(TOPICS.trainer());
    ClusterView view = trusting(0);
    assertThat(view.active().orElseThrow().getReleaseId()).isEqualTo("b");
    assertThat(view.announcements())
        .extracting(ReleaseAnnouncement::getReleaseId)
        .containsExactly("a", "b");
    assertThat(view.sequence()).isEqualTo(101);
    assertThat(view.isUnsigned()).isFalse();
  }

  @Test
  void shouldTakeOverUnsignedAnnouncementsOnceAndNeverAgain() {
    for (long signedBefore : List.of(0L, 1L)) {
      fill(TOPICS.control());
      fill(TOPICS.releases(), announcement("a", ReleaseState.ACTIVE));
      fill(TOPICS.trainer());
      ClusterView view = trusting(signedBefore);
      assertThat(view.isUnsigned()).isEqualTo(signedBefore == 0);
      assertThat(view.active().isPresent()).isEqualTo(signedBefore == 0);
    }
  }

  /**
   * Whoever writes to the topic without a key waits for the day on which the key is revoked, since
   * nothing seems to be signed then.
   */
  @Test
  void shouldNotTakeOverUnsignedAnnouncementsWhereTheKeyOfTheSignedOnesIsRevoked(
      @TempDir Path folder) throws IOException {
    Path list = folder.resolve("keys");
    KeyList.Entry revoked =
        new KeyList.Entry(KEYS.getPublic(), Optional.empty(), Optional.of(NOW), "");
    Files.writeString(list, KeyList.empty().with(revoked).text());
    TrustedKeys keys =
        TrustedKeys.read(List.of(list), InstantSource.fixed(NOW))
            .with(Ed25519.newKeys().getPublic());
    fill(TOPICS.control());
    fillReleases(
        List.of(
            sealed(5, 100, "cluster", "a", ReleaseState.ACTIVE),
            new ConsumerRecord<>(
                TOPICS.releases(), 0, 6, null, announcement("x", ReleaseState.ACTIVE))));
    fill(TOPICS.trainer());
    ClusterView view = ClusterHistory.read(CLUSTER, new Trust("cluster", keys), 0, consumer);
    assertThat(view.active()).isEmpty();
    assertThat(view.isUnsigned()).isFalse();
  }

  /** Who may write to the topic of events too cannot say that the command was accepted. */
  @Test
  void shouldNotKnowACommandThatIsNotSignedWhereItShouldBe() {
    fill(TOPICS.control(), command("forged", CommandType.RETRAIN));
    fill(TOPICS.releases());
    fill(TOPICS.trainer(), event(TrainerEventType.COMMAND_ACCEPTED, "forged"));
    ClusterView view =
        ClusterHistory.read(cluster(TrustedKeys.of(KEYS.getPublic())), Trust.ANYBODY, 0, consumer);
    assertThat(view.waiting()).isEmpty();
  }

  @Test
  void shouldFindNothingInANewCluster() {
    for (String topic : List.of(TOPICS.control(), TOPICS.releases(), TOPICS.trainer())) {
      fill(topic);
    }
    ClusterView view = ClusterHistory.read(CLUSTER, Trust.ANYBODY, 0, consumer);
    assertThat(view.active()).isEmpty();
    assertThat(view.openRuns()).isEmpty();
  }
}
