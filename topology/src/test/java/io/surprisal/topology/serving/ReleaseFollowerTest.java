package io.surprisal.topology.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.Announcements;
import io.surprisal.handover.HeardSequence;
import io.surprisal.handover.ReleaseFetcher;
import io.surprisal.handover.Trust;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.topology.TestReleases;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleaseFollowerTest {
  private static final Topics TOPICS = new Topics("test.");
  private static final TopicPartition RELEASES = new TopicPartition(TOPICS.releases(), 0);
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private BatchScorer batches;
  private ReleaseFollower follower;
  private Release one;
  private Release two;
  private long offset;

  @BeforeEach
  void start() throws IOException {
    one = TestReleases.untrained(folder.resolve("one"), 1);
    two = TestReleases.untrained(folder.resolve("two"), 2);
    Scoring scoring = Scoring.simple(2, 0.01, Execution.CPU.devices());
    batches = new BatchScorer(1, scoring.batch(), scoring.linger(), 16);
    consumer.updateBeginningOffsets(Map.of(RELEASES, 0L));
    follower =
        new ReleaseFollower(
            TOPICS,
            consumer,
            new ServingReports(producer, TOPICS, "member", InstantSource.fixed(NOW)),
            Trust.ANYBODY,
            new HeardSequence(folder.resolve("heard")),
            new ReleaseFetcher(
                Map.of(),
                folder.resolve("brought"),
                TrustedKeys.NOBODY_ASKED,
                Optional.empty(),
                "chunks"),
            new ReleaseLoader(any -> Execution.CPU, scoring, batches));
    await().atMost(PATIENCE).until(() -> consumer.assignment().contains(RELEASES));
  }

  @AfterEach
  void stop() {
    batches.close();
    follower.close();
    assertThat(consumer.closed()).isTrue();
    assertThat(producer.closed()).isTrue();
  }

  private ReleaseAnnouncement.Builder announcement(Release release, String name)
      throws IOException {
    Path file = folder.resolve(release.id() + ".safetensors");
    Files.copy(folder.resolve(name), file, StandardCopyOption.REPLACE_EXISTING);
    return Announcements.active(release, file.toUri().toString(), Files.size(file), NOW);
  }

  /** All of it is there before the follower polls again. */
  private void announce(ReleaseAnnouncement.Builder... announcements) {
    byte[][] values = new byte[announcements.length][];
    for (int i = 0; i < values.length; i++) {
      values[i] = RecordFormat.of(ReleaseAnnouncement.class).encode(announcements[i].build());
    }
    add(values);
  }

  private void add(byte[]... values) {
    consumer.schedulePollTask(
        () -> {
          consumer.updateEndOffsets(Map.of(RELEASES, offset + values.length));
          for (byte[] value : values) {
            consumer.addRecord(
                new ConsumerRecord<>(
                    RELEASES.topic(),
                    RELEASES.partition(),
                    offset++,
                    "key".getBytes(StandardCharsets.UTF_8),
                    value));
          }
        });
  }

  private List<TrainerEvent> said() {
    return producer.history().stream()
        .map(record -> RecordFormat.of(TrainerEvent.class).decode(record.value()))
        .toList();
  }

  private TrainerEvent event(int number) {
    await().atMost(PATIENCE).until(() -> said().size() >= number);
    return said().get(number - 1);
  }

  @Test
  void shouldServeNothingBeforeTheFirstAnnouncement() throws InterruptedException {
    assertThat(follower.awaitFirst(Duration.ZERO)).isFalse();
    assertThatIllegalStateException().isThrownBy(follower::model);
  }

  @Test
  void shouldServeTheReleaseThatIsAnnouncedLast() throws Exception {
    announce(announcement(one, "one"), announcement(two, "two").setRunId("run"));

    assertThat(follower.awaitFirst(PATIENCE)).isTrue();
    TrainerEvent event = event(1);
    assertThat(event.getType()).isEqualTo(TrainerEventType.RELEASE_SERVED);
    assertThat(event.getReleaseId()).isEqualTo(two.id());
    assertThat(event.getMember()).isEqualTo("member");
    assertThat(event.getEventTime()).isEqualTo(NOW);
    assertThat(producer.history().get(0).key()).isEqualTo("run".getBytes(StandardCharsets.UTF_8));
    assertThat(follower.model().releaseId()).isEqualTo(two.id());
  }

  @Test
  void shouldServeWithTheAnnouncedAlertRate() throws Exception {
    announce(announcement(one, "one"));
    event(1);
    assertThat(follower.model().alertRate()).isEqualTo(0.01);
    announce(announcement(one, "one").setAlertRate(0.2));

    event(2);
    assertThat(follower.model().alertRate()).isEqualTo(0.2);
  }

  @Test
  void shouldRefuseWhatCannotServeAndGoOn() throws Exception {
    announce(announcement(one, "one"));
    event(1);
    announce(announcement(two, "one"));

    TrainerEvent event = event(2);
    assertThat(event.getType()).isEqualTo(TrainerEventType.RELEASE_REFUSED);
    assertThat(event.getReleaseId()).isEqualTo(two.id());
    assertThat(event.getMessage()).contains("is not the release that was announced");
    assertThat(follower.model().releaseId()).isEqualTo(one.id());
  }

  @Test
  void shouldPassOverRecordsThatAreNoAnnouncements() throws Exception {
    add("garbage".getBytes(StandardCharsets.UTF_8), null);
    announce(announcement(one, "one"));

    assertThat(event(1).getReleaseId()).isEqualTo(one.id());
  }

  /** Health and exit code tell of it: a member that no longer follows would serve for ever. */
  @Test
  void shouldSayThatItCanFollowNoLonger() {
    assertThat(follower.failure()).isEmpty();
    consumer.setPollException(new TopicAuthorizationException(TOPICS.releases()));

    await().atMost(PATIENCE).until(() -> follower.failure().isPresent());
    assertThat(follower.failure().orElseThrow()).hasMessageContaining(TOPICS.releases());
  }

  @Test
  void shouldTryACandidateUntilItIsNoneAnyMore() throws Exception {
    announce(
        announcement(one, "one"),
        announcement(two, "two").setState(ReleaseState.CANDIDATE).setShadowShare(0.5));
    await().atMost(PATIENCE).until(() -> follower.candidate().isPresent());

    assertThat(follower.candidate().orElseThrow().releaseId()).isEqualTo(two.id());
    assertThat(follower.candidate().orElseThrow().share()).isEqualTo(0.5);
    assertThat(follower.model().releaseId()).isEqualTo(one.id());

    announce(announcement(two, "two").setState(ReleaseState.REFUSED));
    await().atMost(PATIENCE).until(() -> follower.candidate().isEmpty());
  }

  @Test
  void shouldRefuseACandidateThatAnImageShowedToBeBad() throws Exception {
    announce(
        announcement(one, "one"),
        announcement(two, "two").setState(ReleaseState.CANDIDATE).setShadowShare(1.0));
    await().atMost(PATIENCE).until(() -> follower.candidate().isPresent());

    follower.candidate().orElseThrow().refusal().accept("no finite score");

    TrainerEvent event = event(2);
    assertThat(event.getType()).isEqualTo(TrainerEventType.RELEASE_REFUSED);
    assertThat(event.getMessage()).isEqualTo("no finite score");
    await().atMost(PATIENCE).until(() -> follower.candidate().isEmpty());
    assertThat(follower.model().releaseId()).isEqualTo(one.id());
  }

  @Test
  void shouldRefuseACandidateWithoutAShare() throws Exception {
    announce(announcement(one, "one"), announcement(two, "two").setState(ReleaseState.CANDIDATE));

    TrainerEvent event = event(2);
    assertThat(event.getReleaseId()).isEqualTo(two.id());
    assertThat(event.getMessage()).contains("must be within (0, 1]");
    assertThat(follower.candidate()).isEmpty();
  }
}
