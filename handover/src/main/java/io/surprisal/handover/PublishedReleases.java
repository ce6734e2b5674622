package io.surprisal.handover;

import io.surprisal.model.release.Release;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts releases where scorers find them, and clears away what nobody needs: in the store's
 * directory, and, where scorers do not see that, in a topic. Store and sender stay the caller's.
 * Not thread-safe.
 */
public final class PublishedReleases {
  private static final Logger LOG = LoggerFactory.getLogger(PublishedReleases.class);

  /** Pieces of the largest release; who announces more of them wants something else. */
  private static final long MOST_CHUNKS = ReleaseFetcher.MOST_BYTES / ReleaseChunks.CHUNK_BYTES + 1;

  private final PublicationSettings settings;
  private final ReleaseStore store;
  private final String chunksTopic;
  private final RecordSender sender;
  private final ReleaseFetcher brought;
  private final InstantSource clock;

  /**
   * Owns nothing of what it is given.
   *
   * @param chunksTopic for releases that go through Kafka
   * @param sender of the pieces of releases
   * @param consumers makes consumers of committed records, which are closed after use
   */
  public PublishedReleases(
      PublicationSettings settings,
      ReleaseStore store,
      String chunksTopic,
      RecordSender sender,
      Supplier<Consumer<byte[], byte[]>> consumers,
      InstantSource clock) {
    this.settings = settings;
    this.store = store;
    this.chunksTopic = chunksTopic;
    this.sender = sender;
    brought =
        new ReleaseFetcher(
            consumers, settings.store(), settings.trust("").keys(), Optional.empty(), chunksTopic);
    this.clock = clock;
  }

  /**
   * Stores a release; it can be fetched when this returns.
   *
   * @return its announcement as the active one
   */
  public ReleaseAnnouncement.Builder publish(Path file, Release release) throws IOException {
    Path stored = store.put(file, release);
    String location =
        settings.throughKafka()
            ? send(release.id(), Files.readAllBytes(stored)).toString()
            : stored.toUri().toString();
    return Announcements.active(release, location, Files.size(stored), clock.instant())
        .setSignatureLocation(signature(stored, release.id()).orElse(null));
  }

  /** Sends a file in one transaction, before it is announced. */
  private ReleaseChunks.Location send(String id, byte[] file) {
    List<ProducerRecord<byte[], byte[]>> records = ReleaseChunks.records(chunksTopic, id, file);
    return new ReleaseChunks.Location(chunksTopic, sender.send(records), id, records.size());
  }

  /** Location of the detached signature of a file in the store; empty where none is asked for. */
  private Optional<String> signature(Path file, String id) throws IOException {
    if (settings.signingKey().isEmpty()) {
      return Optional.empty();
    }
    byte[] signature = Ed25519.sign(settings.signingKey().get(), Files.readAllBytes(file));
    if (settings.throughKafka()) {
      return Optional.of(Ed25519.DATA + Base64.getEncoder().encodeToString(signature));
    }
    Path beside = store.signature(id);
    store.writeWhole(beside, signature);
    return Optional.of(beside.toUri().toString());
  }

  /** Brings a release here that another trainer made, and that came through Kafka. */
  public void fetch(ReleaseAnnouncement release) throws IOException {
    if (ReleaseChunks.Location.is(release.getLocation())) {
      brought.file(release);
    }
  }

  /**
   * Deletes all but the newest.
   *
   * @param kept ids of those that stay in any case
   * @param announced the announcement of a release
   */
  public void retain(Set<String> kept, Function<String, Optional<ReleaseAnnouncement>> announced) {
    try {
      List<String> deleted = store.retain(settings.kept(), kept);
      if (!deleted.isEmpty()) {
        deleteChunks(deleted.stream().flatMap(id -> announced.apply(id).stream()).toList());
        LOG.info("deleted old releases {}", deleted);
      }
    } catch (IOException e) {
      LOG.warn("old releases cannot be deleted", e);
    }
  }

  private void deleteChunks(List<ReleaseAnnouncement> releases) {
    List<ProducerRecord<byte[], byte[]>> deletions =
        releases.stream()
            .map(ReleaseAnnouncement::getLocation)
            .filter(ReleaseChunks.Location::is)
            .map(ReleaseChunks.Location::parse)
            .filter(location -> location.topic().equals(chunksTopic))
            .filter(location -> location.chunks() <= MOST_CHUNKS)
            .flatMap(location -> ReleaseChunks.deletions(location).stream())
            .toList();
    if (!deletions.isEmpty()) {
      sender.send(deletions);
    }
  }
}
