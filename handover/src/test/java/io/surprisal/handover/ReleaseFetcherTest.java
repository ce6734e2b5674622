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
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    Path one = folder.resolve("one.safetensors");
    release = SmallReleases.untrained(one, 1);
    file = Files.move(one, folder.resolve(release.id() + ".safetensors"));
  }

  private ReleaseFetcher fetcher(PublicKey... trusted) {
    return new ReleaseFetcher(
        this::topic, brought, TrustedKeys.of(trusted), Optional.empty(), TOPIC);
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
        .withMessage(file + " is not of the length that was announced");
    ReleaseAnnouncement shorter = onDisk().setSizeBytes(bytes().length - 1L).build();
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(shorter))
        .withMessage(file + " is not of the length that was announced");
  }

  /** A refusal is told to all who read the topic of events. */
  @ParameterizedTest
  @ValueSource(strings = {"file:///dev/zero", "file:///etc/passwd", "file:///etc/", "file:///"})
  void shouldReadNoFileThatIsNoneOfAStore(String location) {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () -> fetcher().fetch(onDisk().setLocation(location).setSizeBytes(1 << 30).build()))
        .withMessage(
            "'%s' is no file of a store: there it would be called %s.safetensors"
                .formatted(location, release.id()));
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () -> fetcher(KEYS.getPublic()).fetch(onDisk().setSignatureLocation(location).build()))
        .withMessageContaining("is no file of a store");
  }

  /** By the name of a release it is reached too, if somebody can put a link there. */
  @Test
  void shouldFollowNoLinkAndReadNoDevice() throws IOException {
    Path real = Files.move(file, folder.resolve("elsewhere"));
    ReleaseAnnouncement announced =
        Announcements.active(release, file.toUri().toString(), Files.size(real), Instant.EPOCH)
            .build();
    for (Path target : List.of(real, Path.of("/dev/zero"))) {
      Files.createSymbolicLink(file, target);
      assertThatExceptionOfType(ReleaseException.class)
          .isThrownBy(() -> fetcher().fetch(announced))
          .withMessage(file + " is no regular file");
      Files.delete(file);
    }
    Files.createDirectory(file);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(announced))
        .withMessage(file + " is no regular file");
  }

  @Test
  void shouldReadTheStoreThatItIsToldWhateverDirectoryIsAnnounced() throws IOException {
    Path store = Files.createDirectory(folder.resolve("store"));
    ReleaseFetcher confined =
        new ReleaseFetcher(
            this::topic, brought, TrustedKeys.NOBODY_ASKED, Optional.of(store), TOPIC);
    ReleaseAnnouncement announced = onDisk().build();
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> confined.fetch(announced));
    Files.move(file, store.resolve(file.getFileName()));
    assertThat(confined.fetch(announced).id()).isEqualTo(release.id());
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, (1L << 30) + 1, Long.MAX_VALUE})
  void shouldRefuseImpossibleLengthsBeforeItReadsAnything(long bytes) {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(onDisk().setSizeBytes(bytes).build()))
        .withMessageContaining("announced are " + bytes + " bytes");
  }

  @Test
  void shouldReadPiecesFromTheirOwnTopicAlone() {
    ReleaseAnnouncement elsewhere =
        Announcements.active(
                release,
                new ReleaseChunks.Location("surprisal.images", 0, release.id(), 1).toString(),
                bytes().length,
                Instant.EPOCH)
            .build();
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(elsewhere))
        .withMessageContaining("surprisal.images");
    assertThat(opened).isZero();
  }

  /** What nobody trusted has signed is not left lying in the member's directory. */
  @Test
  void shouldStoreNoPiecesBeforeTheirSignatureIsChecked() {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher(KEYS.getPublic()).fetch(inTheTopic()))
        .withMessageContaining("is not signed");
    assertThat(brought).isEmptyDirectory();
  }

  @Test
  void shouldSayThatABrokerThatDoesNotAnswerMayBeAskedAgain() {
    ReleaseFetcher waiting =
        new ReleaseFetcher(
            () -> {
              throw new TimeoutException("no answer");
            },
            brought,
            TrustedKeys.NOBODY_ASKED,
            Optional.empty(),
            TOPIC);
    assertThatIOException()
        .isThrownBy(() -> waiting.fetch(inTheTopic()))
        .isNotInstanceOf(ReleaseException.class)
        .withMessageContaining("cannot be read now");
  }

  @Test
  void shouldRefuseAnotherRelease() throws IOException {
    Release other = SmallReleases.untrained(folder.resolve("two.safetensors"), 2);
    Files.move(folder.resolve("two.safetensors"), file, StandardCopyOption.REPLACE_EXISTING);

    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(onDisk().build()))
        .withMessageContaining("is not the release that was announced")
        .withMessageNotContaining(other.id());
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> fetcher().fetch(onDisk().setSha256(other.id()).build()))
        .withMessageContaining("names the file of another release");
  }

  @Test
  void shouldTakeWhatATrustedKeySigned() throws IOException {
    ReleaseAnnouncement inPlace = onDisk().setSignatureLocation(signature(bytes())).build();
    assertThat(fetcher(KEYS.getPublic()).fetch(inPlace).id()).isEqualTo(release.id());

    Path beside = folder.resolve(release.id() + ".safetensors.sig");
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
        .withMessageContaining("not signed by a key that is trusted");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> strict.fetch(onDisk().setSignatureLocation(Ed25519.DATA + "%").build()))
        .withMessageContaining("no base64");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(
            () ->
                fetcher(Ed25519.newKeys().getPublic())
                    .fetch(onDisk().setSignatureLocation(signature(bytes())).build()))
        .withMessageContaining("not signed by a key that is trusted");
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
