package io.surprisal.handover;

import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * Fetches what an announcement points to, and believes none of it: size, signature, SHA-256 and
 * what the file holds are checked before a release is given out. Not thread-safe.
 */
public final class ReleaseFetcher {
  private final Supplier<Consumer<byte[], byte[]>> pieces;
  private final Path directory;
  private final List<PublicKey> trusted;

  /**
   * @param clients settings of Kafka clients, with {@code bootstrap.servers}
   * @param directory for releases that come through Kafka; made when the first one does
   * @param trusted keys of which one must have signed a release; empty: none needs a signature
   */
  public ReleaseFetcher(Map<String, Object> clients, Path directory, List<PublicKey> trusted) {
    this(() -> CommittedRecords.consumer(clients), directory, trusted);
  }

  /**
   * @param pieces opens a consumer of committed records; what it gives is closed here
   */
  ReleaseFetcher(
      Supplier<Consumer<byte[], byte[]>> pieces, Path directory, List<PublicKey> trusted) {
    this.pieces = pieces;
    this.directory = directory;
    this.trusted = List.copyOf(trusted);
  }

  /**
   * Fetches a release.
   *
   * @throws NoSuchFileException if its file or signature is not there
   * @throws ReleaseException if it is damaged, another release than announced, or not signed by a
   *     trusted key
   * @throws IOException if it cannot be read, or pieces of it lack; it may be tried again
   */
  public Release fetch(ReleaseAnnouncement announcement) throws IOException {
    String id = announcement.getReleaseId();
    Path file = file(announcement);
    long size = Files.size(file);
    if (size != announcement.getSizeBytes()) {
      throw new ReleaseException(
          "%s has %d bytes, announced are %d".formatted(file, size, announcement.getSizeBytes()));
    }
    requireTrusted(announcement, file);
    Release release = ReleaseStore.load(file, announcement.getSha256());
    if (!announcement.getSha256().equals(id)) {
      throw new ReleaseException(
          "the announcement of " + id + " names the file of another release");
    }
    return release;
  }

  /**
   * The file of a release, unchecked where it lies on disk; one that lies in a topic is brought
   * into the directory first, where it must have the SHA-256 that its id says.
   *
   * @throws IOException if pieces of it lack, or it is another release
   */
  public Path file(ReleaseAnnouncement announcement) throws IOException {
    if (!ReleaseChunks.Location.is(announcement.getLocation())) {
      return path(announcement.getLocation());
    }
    ReleaseStore store = new ReleaseStore(directory);
    Path file = store.file(announcement.getReleaseId());
    if (Files.exists(file)) {
      return file;
    }
    try (Consumer<byte[], byte[]> consumer = pieces.get()) {
      byte[] bytes =
          ReleaseChunks.read(
              consumer,
              ReleaseChunks.Location.parse(announcement.getLocation()),
              announcement.getSizeBytes());
      return store.put(bytes, announcement.getReleaseId());
    }
  }

  /** Deletes what was brought into the directory of a release; nothing where that is nothing. */
  public void forget(String id) throws IOException {
    if (Files.isDirectory(directory)) {
      Files.deleteIfExists(new ReleaseStore(directory).file(id));
    }
  }

  private void requireTrusted(ReleaseAnnouncement announcement, Path file) throws IOException {
    if (trusted.isEmpty()) {
      return;
    }
    if (announcement.getSignatureLocation() == null) {
      throw new ReleaseException(
          "release "
              + announcement.getReleaseId()
              + " is not signed, and this member trusts signed ones only");
    }
    byte[] signature = signature(announcement.getSignatureLocation());
    if (!Ed25519.isTrusted(trusted, Files.readAllBytes(file), signature)) {
      throw new ReleaseException(
          "the signature of release "
              + announcement.getReleaseId()
              + " is of none of the trusted keys");
    }
  }

  private static byte[] signature(String location) throws IOException {
    if (!location.startsWith(Ed25519.DATA)) {
      return Files.readAllBytes(path(location));
    }
    try {
      return Base64.getDecoder().decode(location.substring(Ed25519.DATA.length()));
    } catch (IllegalArgumentException e) {
      throw new ReleaseException("the signature is no base64", e);
    }
  }

  private static Path path(String location) throws ReleaseException {
    try {
      return Path.of(URI.create(location));
    } catch (RuntimeException e) {
      throw new ReleaseException("'" + location + "' is no location of a file", e);
    }
  }
}
