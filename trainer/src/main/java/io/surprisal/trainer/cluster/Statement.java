package io.surprisal.trainer.cluster;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the active trainer says in one transaction; once it is committed, it holds in the view of
 * the cluster too. {@link Statements} begins one. Not thread-safe.
 */
public final class Statement {
  private static final Logger LOG = LoggerFactory.getLogger(Statement.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);

  private final Topics topics;
  private final ClusterView view;
  private final TransactionalSender sender;
  private final Statements events;
  private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
  private final List<Runnable> effects = new ArrayList<>();

  Statement(Topics topics, ClusterView view, TransactionalSender sender, Statements events) {
    this.topics = topics;
    this.view = view;
    this.sender = sender;
    this.events = events;
  }

  /** A release in its new state. */
  public void announce(ReleaseAnnouncement announcement) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topics.releases(),
            announcement.getReleaseId().getBytes(StandardCharsets.UTF_8),
            ANNOUNCEMENTS.encode(announcement));
    events.seal(record);
    records.add(record);
    effects.add(() -> view.saw(announcement));
  }

  /** Something that happened. */
  public void event(TrainerEvent.Builder builder) {
    TrainerEvent event = builder.build();
    byte[] key =
        event.getRunId() == null ? null : event.getRunId().getBytes(StandardCharsets.UTF_8);
    records.add(new ProducerRecord<>(topics.trainer(), key, EVENTS.encode(event)));
    effects.add(() -> view.saw(event));
    effects.add(() -> events.told(event.getType()));
    LOG.info("{} {} {}", event.getType(), key == null ? "" : event.getRunId(), event.getMessage());
  }

  private void answer(TrainerEventType type, String commandId, String message) {
    event(events.event(type).setCommandId(commandId).setMessage(message));
  }

  /** A command will be carried out. */
  public void accept(String commandId, String message) {
    answer(TrainerEventType.COMMAND_ACCEPTED, commandId, message);
  }

  /** A command has been carried out. */
  public void done(String commandId, String message) {
    answer(TrainerEventType.COMMAND_DONE, commandId, message);
  }

  /** A command is not carried out, or was in vain. */
  public void reject(String commandId, String message) {
    answer(TrainerEventType.COMMAND_REJECTED, commandId, message);
  }

  /**
   * Commits all of it, or nothing.
   *
   * @throws KafkaException if nothing was committed
   */
  public void publish() {
    sender.send(records);
    effects.forEach(Runnable::run);
  }

  /**
   * Commits all of it, and that a group has read up to these offsets, or nothing.
   *
   * @throws KafkaException if nothing was committed
   */
  public void publish(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
    sender.send(records, offsets, group);
    effects.forEach(Runnable::run);
  }
}
