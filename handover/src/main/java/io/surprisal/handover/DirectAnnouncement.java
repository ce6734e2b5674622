package io.surprisal.handover;

import io.surprisal.model.release.Release;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Makes a release file the active release of a cluster that has no trainer yet. */
public final class DirectAnnouncement {
  private static final RecordFormat<ReleaseAnnouncement> FORMAT =
      RecordFormat.of(ReleaseAnnouncement.class);

  private DirectAnnouncement() {}

  /**
   * Copies the release into the store, and announces it.
   *
   * @param clients settings of Kafka clients, with the broker
   * @param by who announces it
   */
  public static void of(
      Path file, Release release, Path store, Map<String, Object> clients, Topics topics, String by)
      throws IOException, InterruptedException {
    Path stored = new ReleaseStore(store).put(file, release);
    ReleaseAnnouncement announcement =
        Announcements.active(release, stored.toUri().toString(), Files.size(stored), Instant.now())
            .setReason("announced from " + file.getFileName())
            .setAnnouncedBy(by)
            .build();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(clients, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  topics.releases(),
                  release.id().getBytes(StandardCharsets.UTF_8),
                  FORMAT.encode(announcement)))
          .get();
    } catch (ExecutionException e) {
      throw new KafkaException("the release cannot be announced", e.getCause());
    }
  }
}
