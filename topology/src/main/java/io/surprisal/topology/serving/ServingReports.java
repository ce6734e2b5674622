package io.surprisal.topology.serving;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on the topic {@code trainer} which releases this member serves and which it refuses. Owns
 * its producer. What the broker does not take is logged and not said again: the releases go on
 * whether anybody listens or not.
 */
final class ServingReports {
  private static final Logger LOG = LoggerFactory.getLogger(ServingReports.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);

  private final Producer<byte[], byte[]> producer;
  private final Topics topics;
  private final String member;
  private final InstantSource clock;

  /**
   * @param producer is closed by {@link #close}
   * @param member what this member is called in what it says
   */
  ServingReports(
      Producer<byte[], byte[]> producer, Topics topics, String member, InstantSource clock) {
    this.producer = producer;
    this.topics = topics;
    this.member = member;
    this.clock = clock;
  }

  void served(ReleaseAnnouncement announcement) {
    say(TrainerEventType.RELEASE_SERVED, announcement, "scores with it from now on");
  }

  void refused(ReleaseAnnouncement announcement, String reason) {
    say(TrainerEventType.RELEASE_REFUSED, announcement, reason);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void say(TrainerEventType type, ReleaseAnnouncement announcement, String message) {
    TrainerEvent event =
        TrainerEvent.newBuilder()
            .setType(type)
            .setEventTime(clock.instant())
            .setRunId(announcement.getRunId())
            .setReleaseId(announcement.getReleaseId())
            .setMember(member)
            .setMessage(message)
            .build();
    byte[] key =
        announcement.getRunId() == null
            ? null
            : announcement.getRunId().getBytes(StandardCharsets.UTF_8);
    producer.send(
        new ProducerRecord<>(topics.trainer(), key, EVENTS.encode(event)),
        (metadata, failure) -> {
          if (failure != null) {
            LOG.warn("Could not say {} of release {}", type, event.getReleaseId(), failure);
          }
        });
  }

  /**
   * Waits for what is on its way.
   *
   * @throws org.apache.kafka.common.KafkaException if the producer does not end in order
   */
  void close(Duration timeout) {
    producer.close(timeout);
  }
}
