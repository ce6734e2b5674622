package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleaseFetcherTest {
  private static final String TOPIC = "surprisal.release-chunks";
  private static final KeyPair KEYS = Ed25519.newKeys();

  @TempDir Path folder;
  private Path brought;
  private Path file;
  private Release release;
  private int opened;

  @BeforeEach
  void writeARelease() throws IOException {
    brought = folder.resolve("state").resolve("releases");
    file = folder.resolve("one.safetensors");
    release = SmallReleases.untrained(file, 1);
  }

  private ReleaseFetcher fetcher(PublicKey... trusted) {
    return new ReleaseFetcher(this::topic, brought, List.of(trusted));
  }

  /** A topic that holds the pieces of the release. */
  private Consumer<byte[], byte[]> topic() {
    opened++;
    TopicPartition partition = new TopicPartition(TOPIC, 0);
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    List<ProducerRecord<byte[], byte[]>> records = pieces();
    consumer.assign(List.of(partition));
    consumer.updateBeginningOffsets(Map.of(partition, 0L));
    consumer.updateEndOffsets(Map.of(partition, (long) records.size()));
    for (int i = 0; i < records.size(); i++) {
      consumer.addRecord(
          new ConsumerRecord<>(TOPIC, 0, i, records.get(i).key(), records.get(i).value()));
    }
    return consumer;
  }

  private List<ProducerRecord<byte[], byte[]>> pieces() {
    return ReleaseChunks.records(TOPIC, release.id(), bytes());
  }

  private byte[] bytes() {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private ReleaseAnnouncement.Builder onDisk() {
    return Announcements.active(release, file.toUri().toString(), bytes().length, Instant.EPOCH);
  }

  private ReleaseAnnouncement inTheTopic() {
    String location =
        new ReleaseChunks.Location(TOPIC, 0, release.id(), pieces().size()).toString();
    return Announcements.active(release, location, bytes().length, Instant.EPOCH).build();
  }

  private String signature(byte[] message) {
    return Ed25519.DATA
        + Base64.getEncoder().encodeToString(Ed25519.sign(KEYS.getPrivate(), message));
  }

  @Test
  void shouldLoadTheFileThatIsAnnounced() throws IOException {
    Release fetched = fetcher().fetch(onDisk().build());

    assertThat(fetched.id()).isEqualTo(release.id());
    assertThat(fetched.parameters()).isEqualTo(release.parameters());
    assertThat(brought).doesNotExist();
    assertThat(opened).isZero();
  }

  @Test
  void shouldBringThePiecesOfATopicOnceAndForgetThem() throws IOException {
    ReleaseFetcher fetcher = fetcher();

    assertThat(fetcher.fetch(inTheTopic()).id()).isEqualTo(release.id());
    assertThat(fetcher.file(inTheTopic())).hasSameBinaryContentAs(file).hasParent(brought);
    assertThat(opened).isEqualTo(1);

    fetcher.forget(release.id());
    assertThat(brought).isEmptyDirectory();
    assertThat(fetcher.fetch(inTheTopic()).id()).isEqualTo(release.id());
    assertThat(opened).isEqualTo(2);
  }

  @Test
  void shouldForgetWhatWasNeverBrought() throws IOException {
    fetcher().forget(release.id());

    assertThat(brought).doesNotExist();
  }

  @Test
  void shouldSayWhichFileIsNotThere() throws IOException {
    Files.delete(file);
    ReleaseAnnouncement gone =
        Announcements.active(release, file.toUri().toString(), 1, Instant.EPOCH).build();

    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> fetcher().fetch(gone))
        .withMessage(file.toString());
  }

  @Test
  void shouldRefuseAFileOfAnotherLength() {
    ReleaseAnnouncement longer = onDisk().setSizeBytes(bytes().length + 1L).build();

    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(longer))
        .withMessageContaining("announced are " + (bytes().length + 1));
  }

  @Test
  void shouldRefuseAnotherRelease() throws IOException {
    Release other = SmallReleases.untrained(folder.resolve("two.safetensors"), 2);
    String otherFile = folder.resolve("two.safetensors").toUri().toString();

    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(onDisk().setLocation(otherFile).build()))
        .withMessageContaining("is not the release that was announced");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () -> fetcher().fetch(onDisk().setLocation(otherFile).setSha256(other.id()).build()))
        .withMessageContaining("names the file of another release");
  }

  @Test
  void shouldTakeWhatATrustedKeySigned() throws IOException {
    ReleaseAnnouncement inPlace = onDisk().setSignatureLocation(signature(bytes())).build();
    assertThat(fetcher(KEYS.getPublic()).fetch(inPlace).id()).isEqualTo(release.id());

    Path beside = folder.resolve("one.sig");
    Files.write(beside, Ed25519.sign(KEYS.getPrivate(), bytes()));
    ReleaseAnnouncement onDisk = onDisk().setSignatureLocation(beside.toUri().toString()).build();
    assertThat(fetcher(KEYS.getPublic()).fetch(onDisk).id()).isEqualTo(release.id());
  }

  @Test
  void shouldRefuseWhatNoTrustedKeySigned() {
    ReleaseFetcher strict = fetcher(KEYS.getPublic());

    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> strict.fetch(onDisk().build()))
        .withMessageContaining("is not signed");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () ->
                strict.fetch(
                    onDisk().setSignatureLocation(signature(new byte[] {1, 2, 3})).build()))
        .withMessageContaining("of none of the trusted keys");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> strict.fetch(onDisk().setSignatureLocation(Ed25519.DATA + "%").build()))
        .withMessageContaining("no base64");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () ->
                fetcher(Ed25519.newKeys().getPublic())
                    .fetch(onDisk().setSignatureLocation(signature(bytes())).build()))
        .withMessageContaining("of none of the trusted keys");
  }

  @Test
  void shouldRefuseALocationThatIsNone() {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(onDisk().setLocation("no location").build()))
        .withMessageContaining("is no location of a file");
  }

  @Test
  void shouldSayWhichPiecesLack() {
    ReleaseAnnouncement more =
        Announcements.active(
                release,
                new ReleaseChunks.Location(TOPIC, 0, release.id(), 7).toString(),
                bytes().length,
                Instant.EPOCH)
            .build();

    assertThatIOException()
        .isThrownBy(() -> fetcher().fetch(more))
        .withMessageContaining("of 7 chunks");
  }
}
