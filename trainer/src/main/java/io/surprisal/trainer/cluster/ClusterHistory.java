package io.surprisal.trainer.cluster;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the trainers before this one have said: the topics {@code control}, {@code releases} and
 * {@code trainer}, from their beginnings to their ends of now. Commands come first, since answers
 * count for commands that were seen before them.
 */
public final class ClusterHistory {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterHistory.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Topics topics;
  private final ClusterView view;

  private ClusterHistory(Topics topics, ClusterView view) {
    this.topics = topics;
    this.view = view;
  }

  /** Reads all of it. */
  public static ClusterView read(ClusterSettings cluster) {
    try (Consumer<byte[], byte[]> consumer = cluster.consumer()) {
      return read(cluster.topics(), consumer);
    }
  }

  /**
   * Reads all of it.
   *
   * @param consumer of committed records; its assignment is changed
   */
  static ClusterView read(Topics topics, Consumer<byte[], byte[]> consumer) {
    ClusterView view = new ClusterView();
    ClusterHistory history = new ClusterHistory(topics, view);
    for (String topic : List.of(topics.control(), topics.releases(), topics.trainer())) {
      history.read(new TopicPartition(topic, 0), consumer);
    }
    return view;
  }

  private void read(TopicPartition partition, Consumer<byte[], byte[]> consumer) {
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    while (consumer.position(partition) < end) {
      consumer.poll(POLL).forEach(this::read);
    }
  }

  private void read(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      if (record.topic().equals(topics.control())) {
        CommandReader.decode(record)
            .filter(command -> CommandReader.excess(command).isEmpty())
            .ifPresent(view::saw);
      } else if (record.topic().equals(topics.releases())) {
        view.saw(ANNOUNCEMENTS.decode(record.value()));
      } else {
        view.saw(EVENTS.decode(record.value()));
      }
    } catch (RecordFormatException e) {
      LOG.warn("{} at {} is skipped", record.topic(), record.offset(), e);
    }
  }
}
