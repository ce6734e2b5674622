package io.surprisal.handover;

import io.surprisal.model.checks.Sha256;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Fetches what an announcement points to, and believes none of it: size, signature, SHA-256 and
 * what the file holds are checked before a release is given out. Not thread-safe.
 */
public final class ReleaseFetcher {

  /** More than any release of today takes, and than a member should be made to read. */
  static final long MOST_BYTES = 1L << 30;

  private static final int SIGNATURE_BYTES = 64;

  private final Supplier<Consumer<byte[], byte[]>> pieces;
  private final Path directory;
  private final TrustedKeys trusted;
  private final Optional<Path> store;
  private final String chunksTopic;

  /**
   * @param clients settings of Kafka clients, with {@code bootstrap.servers}
   * @param directory for releases that come through Kafka; made when the first one does
   * @param trusted keys of which one must have signed a release, where any are asked for
   * @param store where releases on disk lie, whatever directory an announcement names; empty: where
   *     it says
   * @param chunksTopic the one topic that pieces are read from
   */
  public ReleaseFetcher(
      Map<String, Object> clients,
      Path directory,
      TrustedKeys trusted,
      Optional<Path> store,
      String chunksTopic) {
    this(() -> CommittedRecords.consumer(clients), directory, trusted, store, chunksTopic);
  }

  /**
   * @param pieces opens a consumer of committed records; what it gives is closed here
   */
  ReleaseFetcher(
      Supplier<Consumer<byte[], byte[]>> pieces,
      Path directory,
      TrustedKeys trusted,
      Optional<Path> store,
      String chunksTopic) {
    this.pieces = pieces;
    this.directory = directory;
    this.trusted = trusted;
    this.store = store;
    this.chunksTopic = chunksTopic;
  }

  /**
   * Fetches a release. The bytes that are checked are those that are loaded; what is said of others
   * tells neither their length nor what they are.
   *
   * @throws NoSuchFileException if its file or signature is not there
   * @throws ReleaseException if it is damaged, another release than announced, not signed by a
   *     trusted key, or its location is none of a release
   * @throws IOException if it cannot be read, or pieces of it lack; it may be tried again
   */
  public Release fetch(ReleaseAnnouncement announcement) throws IOException {
    requirePlausible(announcement);
    Path file = file(announcement);
    byte[] bytes = readWhole(file, announcement.getSizeBytes());
    requireAnnounced(announcement, bytes);
    return Release.decode(file.toString(), bytes);
  }

  private static void requirePlausible(ReleaseAnnouncement announcement) throws ReleaseException {
    if (!announcement.getSha256().equals(announcement.getReleaseId())) {
      throw new ReleaseException(
          "the announcement of "
              + announcement.getReleaseId()
              + " names the file of another release");
    }
    if (announcement.getSizeBytes() < 1 || announcement.getSizeBytes() > MOST_BYTES) {
      throw new ReleaseException(
          "announced are %d bytes, must be 1 to %d"
              .formatted(announcement.getSizeBytes(), MOST_BYTES));
    }
  }

  private void requireAnnounced(ReleaseAnnouncement announcement, byte[] bytes) throws IOException {
    if (!Sha256.hex(bytes).equals(announcement.getReleaseId())) {
      throw new ReleaseException(
          "the file of release "
              + announcement.getReleaseId()
              + " is not the release that was announced");
    }
    requireTrusted(announcement, bytes);
  }

  /**
   * The file of a release, unchecked where it lies on disk; one that lies in a topic is brought
   * into the directory first, once it is checked.
   *
   * @throws IOException if pieces of it lack, or it is another release
   */
  public Path file(ReleaseAnnouncement announcement) throws IOException {
    if (!ReleaseChunks.Location.is(announcement.getLocation())) {
      return path(announcement, announcement.getLocation(), ReleaseStore.SUFFIX);
    }
    requirePlausible(announcement);
    ReleaseStore brought = new ReleaseStore(directory);
    Path file = brought.file(announcement.getReleaseId());
    if (!Files.exists(file)) {
      byte[] bytes = readPieces(announcement);
      requireAnnounced(announcement, bytes);
      return brought.put(bytes, announcement.getReleaseId());
    }
    return file;
  }

  private byte[] readPieces(ReleaseAnnouncement announcement) throws IOException {
    ReleaseChunks.Location location = ReleaseChunks.Location.parse(announcement.getLocation());
    if (!location.topic().equals(chunksTopic)) {
      throw new ReleaseException(
          "its pieces are to lie in topic " + location.topic() + ", and not in " + chunksTopic);
    }
    try (Consumer<byte[], byte[]> consumer = pieces.get()) {
      return ReleaseChunks.read(consumer, location, announcement.getSizeBytes());
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      throw new IOException("its pieces cannot be read now: " + e.getMessage(), e);
    }
  }

  /** Deletes what was brought into the directory of a release; nothing where that is nothing. */
  public void forget(String id) throws IOException {
    if (Files.isDirectory(directory)) {
      Files.deleteIfExists(new ReleaseStore(directory).file(id));
    }
  }

  private void requireTrusted(ReleaseAnnouncement announcement, byte[] bytes) throws IOException {
    if (!trusted.isAsked()) {
      return;
    }
    if (announcement.getSignatureLocation() == null) {
      throw new ReleaseException(
          "release "
              + announcement.getReleaseId()
              + " is not signed, and this member trusts signed ones only");
    }
    byte[] signature = signature(announcement, announcement.getSignatureLocation());
    // When it was signed is said by its announcement, which is sealed.
    Optional<String> objection = trusted.objectionAtAnyTime(bytes, signature);
    if (objection.isPresent()) {
      throw new ReleaseException(
          "the signature of release "
              + announcement.getReleaseId()
              + " does not count: "
              + objection.get());
    }
  }

  private byte[] signature(ReleaseAnnouncement announcement, String location) throws IOException {
    if (!location.startsWith(Ed25519.DATA)) {
      return readWhole(
          path(announcement, location, ReleaseStore.SUFFIX + ReleaseStore.SIGNATURE_SUFFIX),
          SIGNATURE_BYTES);
    }
    try {
      return Base64.getDecoder().decode(location.substring(Ed25519.DATA.length()));
    } catch (IllegalArgumentException e) {
      throw new ReleaseException("the signature is no base64", e);
    }
  }

  /**
   * Where a file of a store lies. It is called by the release's id, so that an announcement leads
   * to no other file of this machine.
   */
  private Path path(ReleaseAnnouncement announcement, String location, String suffix)
      throws ReleaseException {
    Path named;
    try {
      named = Path.of(URI.create(location));
    } catch (RuntimeException e) {
      throw new ReleaseException("'" + location + "' is no location of a file", e);
    }
    String name = announcement.getReleaseId() + suffix;
    if (!ReleaseStore.isId(announcement.getReleaseId()) || !named.endsWith(name)) {
      throw new ReleaseException(
          "'" + location + "' is no file of a store: there it would be called " + name);
    }
    return store.map(directory -> directory.resolve(name)).orElse(named);
  }

  /** All bytes of a regular file that is to have so many. No link is followed. */
  private static byte[] readWhole(Path file, long bytes) throws IOException {
    BasicFileAttributes found =
        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!found.isRegularFile()) {
      throw new ReleaseException(file + " is no regular file");
    }
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(bytes));
    try (SeekableByteChannel channel =
        Files.newByteChannel(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      boolean whole = found.size() == bytes;
      while (whole && content.hasRemaining()) {
        whole = channel.read(content) > 0;
      }
      if (!whole || channel.read(ByteBuffer.allocate(1)) > 0) {
        throw new ReleaseException(file + " is not of the length that was announced");
      }
    }
    return content.array();
  }
}
