package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.surprisal.model.release.Release;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two releases are kept; the first piece of what goes through Kafka lies at offset 7. */
class PublishedReleasesTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String TOPIC = "test.release-chunks";
  private static final long FIRST = 7;

  @TempDir Path folder;
  private ReleaseStore store;
  private final List<ProducerRecord<byte[], byte[]>> sent = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    store = new ReleaseStore(folder.resolve("store"));
  }

  private PublishedReleases releases(boolean throughKafka, Optional<KeyPair> keys) {
    return new PublishedReleases(
        new PublicationSettings(
            folder.resolve("store"),
            throughKafka,
            2,
            keys.map(KeyPair::getPrivate),
            TrustedKeys.NOBODY_ASKED),
        store,
        TOPIC,
        records -> {
          sent.addAll(records);
          return FIRST;
        },
        this::pieces,
        () -> NOW);
  }

  /** A consumer of what was sent. */
  private Consumer<byte[], byte[]> pieces() {
    TopicPartition partition = new TopicPartition(TOPIC, 0);
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    consumer.updateBeginningOffsets(Map.of(partition, FIRST));
    consumer.updateEndOffsets(Map.of(partition, FIRST + sent.size()));
    consumer.schedulePollTask(
        () -> {
          for (int i = 0; i < sent.size(); i++) {
            consumer.addRecord(
                new ConsumerRecord<>(TOPIC, 0, FIRST + i, sent.get(i).key(), sent.get(i).value()));
          }
        });
    return consumer;
  }

  private Path file(long seed) {
    return folder.resolve("release-" + seed);
  }

  private Release release(long seed) throws IOException {
    return SmallReleases.untrained(file(seed), seed);
  }

  @Test
  void shouldAnnounceTheFileInTheStoreWhereScorersSeeIt() throws IOException {
    Release release = release(1);
    ReleaseAnnouncement announcement =
        releases(false, Optional.empty()).publish(file(1), release).build();
    assertThat(announcement.getReleaseId()).isEqualTo(release.id());
    assertThat(announcement.getState()).isEqualTo(ReleaseState.ACTIVE);
    assertThat(announcement.getAnnouncedAt()).isEqualTo(NOW);
    assertThat(announcement.getSignatureLocation()).isNull();
    Path stored = Path.of(URI.create(announcement.getLocation()));
    assertThat(stored).isEqualTo(store.file(release.id())).hasSameBinaryContentAs(file(1));
    assertThat(announcement.getSizeBytes()).isEqualTo(Files.size(stored));
    assertThat(sent).isEmpty();
  }

  @Test
  void shouldSendTheFileInPiecesWhereScorersSeeNoStore() throws IOException {
    Release release = release(1);
    ReleaseAnnouncement announcement =
        releases(true, Optional.empty()).publish(file(1), release).build();
    assertThat(announcement.getLocation())
        .isEqualTo(new ReleaseChunks.Location(TOPIC, FIRST, release.id(), sent.size()).toString());
    assertThat(sent)
        .isNotEmpty()
        .allMatch(record -> record.topic().equals(TOPIC) && record.partition() == 0);
  }

  @Test
  void shouldSignWhatItPublishesBesideTheFileOrInTheAnnouncement() throws IOException {
    KeyPair keys = Ed25519.newKeys();
    Release release = release(1);
    byte[] file = Files.readAllBytes(file(1));
    String beside =
        releases(false, Optional.of(keys)).publish(file(1), release).build().getSignatureLocation();
    byte[] signature = Files.readAllBytes(Path.of(URI.create(beside)));
    assertThat(Ed25519.isTrusted(List.of(keys.getPublic()), file, signature)).isTrue();
    String within =
        releases(true, Optional.of(keys)).publish(file(1), release).build().getSignatureLocation();
    assertThat(within).startsWith(Ed25519.DATA);
    byte[] decoded = Base64.getDecoder().decode(within.substring(Ed25519.DATA.length()));
    assertThat(Ed25519.isTrusted(List.of(keys.getPublic()), file, decoded)).isTrue();
  }

  @Test
  void shouldFetchWhatAnotherTrainerSentThroughKafka() throws IOException {
    Release release = release(1);
    PublishedReleases releases = releases(true, Optional.empty());
    ReleaseAnnouncement announcement = releases.publish(file(1), release).build();
    Files.delete(store.file(release.id()));
    releases.fetch(announcement);
    assertThat(store.load(release.id()).id()).isEqualTo(release.id());
    sent.clear();
    releases.fetch(announcement); // is here, and not asked for again
    Files.delete(store.file(release.id()));
    assertThatIOException()
        .isThrownBy(() -> releases.fetch(announcement))
        .withMessageContaining("0 of");
  }

  @Test
  void shouldDeleteTheOldestReleasesAndTheirPiecesButNoneThatIsKept() throws IOException {
    PublishedReleases releases = releases(true, Optional.empty());
    Map<String, ReleaseAnnouncement> announced = new HashMap<>();
    List<String> ids = new ArrayList<>();
    for (int seed = 0; seed < 4; seed++) {
      Release release = release(seed);
      ids.add(release.id());
      announced.put(release.id(), releases.publish(file(seed), release).build());
      Files.setLastModifiedTime(store.file(release.id()), FileTime.from(NOW.plusSeconds(seed)));
    }
    sent.clear();
    releases.retain(Set.of(ids.get(0)), id -> Optional.ofNullable(announced.get(id)));
    assertThat(ids.stream().map(store::file).map(Files::exists))
        .containsExactly(true, false, false, true);
    int pieces =
        ReleaseChunks.Location.parse(announced.get(ids.get(1)).getLocation()).chunks()
            + ReleaseChunks.Location.parse(announced.get(ids.get(2)).getLocation()).chunks();
    assertThat(sent).hasSize(pieces).allMatch(record -> record.value() == null);
    sent.clear();
    releases.retain(Set.of(ids.get(0)), id -> Optional.ofNullable(announced.get(id)));
    assertThat(sent).isEmpty();
  }
}
