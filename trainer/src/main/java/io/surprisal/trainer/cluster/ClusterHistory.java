package io.surprisal.trainer.cluster;

import io.surprisal.handover.AnnouncementReader;
import io.surprisal.handover.Trust;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import java.time.Duration;
import java.util.ArrayList;
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
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Topics topics;
  private final CommandReader commands;
  private final Trust trust;
  private final long signedBefore;
  private final AnnouncementReader announcements;
  private final List<ReleaseAnnouncement> unsigned = new ArrayList<>();
  private final ClusterView view = new ClusterView();

  private ClusterHistory(ClusterSettings cluster, Trust trust, long signedBefore) {
    this.signedBefore = signedBefore;
    topics = cluster.topics();
    commands = new CommandReader(cluster);
    this.trust = trust;
    announcements = new AnnouncementReader(trust);
  }

  /**
   * Reads all of it.
   *
   * @param trust whose announcements hold
   * @param signedBefore number of an announcement that was signed here before; 0: none was
   */
  public static ClusterView read(ClusterSettings cluster, Trust trust, long signedBefore) {
    try (Consumer<byte[], byte[]> consumer = cluster.consumer()) {
      return read(cluster, trust, signedBefore, consumer);
    }
  }

  /**
   * Reads all of it.
   *
   * @param consumer of committed records; its assignment is changed
   */
  static ClusterView read(
      ClusterSettings cluster, Trust trust, long signedBefore, Consumer<byte[], byte[]> consumer) {
    ClusterHistory history = new ClusterHistory(cluster, trust, signedBefore);
    Topics topics = cluster.topics();
    for (String topic : List.of(topics.control(), topics.releases(), topics.trainer())) {
      history.read(new TopicPartition(topic, 0), consumer);
    }
    return history.view();
  }

  /**
   * Where announcements are to be signed and none is, a trainer of before wrote them: they hold,
   * and are said again. Once one is signed, no other holds.
   */
  private ClusterView view() {
    view.heard(announcements.highest());
    boolean ofBefore = signedBefore == 0 && !announcements.hasHeardSealed();
    if (trust.isLimited() && ofBefore && !unsigned.isEmpty()) {
      LOG.warn(
          "No announcement in {} is signed: those that are there hold, and are signed now",
          topics.releases());
      unsigned.forEach(view::saw);
      view.heardUnsigned();
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
            .filter(command -> commands.isAuthentic(record))
            .ifPresent(view::saw);
      } else if (record.topic().equals(topics.releases())) {
        announcements.read(record).ifPresent(view::saw);
        if (trust.isLimited()) {
          AnnouncementReader.decode(record).ifPresent(unsigned::add);
        }
      } else {
        view.saw(EVENTS.decode(record.value()));
      }
    } catch (RecordFormatException e) {
      LOG.warn("{} at {} is skipped", record.topic(), record.offset(), e);
    }
  }
}
