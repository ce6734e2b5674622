package io.surprisal.service.topics;

import io.surprisal.model.compression.UsedRecords;
import io.surprisal.service.cli.KafkaClients;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the committed records of a topic one by one, from given offsets on, and knows at any time
 * which offsets are used up. It belongs to no group. Records that are deleted before they are read
 * are reported, never passed over in silence.
 *
 * <p>For one thread.
 */
final class OrderlyReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OrderlyReader.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final String topic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Deque<ConsumerRecord<byte[], byte[]>> read = new ArrayDeque<>();
  private final Map<Integer, Long> next = new TreeMap<>();
  private final List<UsedRecords.Lost> lost = new ArrayList<>();

  /**
   * Connects.
   *
   * @param client properties; those that decide what is read are not the user's to set
   */
  OrderlyReader(String topic, Map<String, Object> client) {
    this.topic = topic;
    Map<String, Object> all = new HashMap<>(client);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    consumer = KafkaClients.reader(all);
  }

  /** Where to begin in a partition that nobody has read yet. */
  enum Beginning {
    OLDEST,
    /** With what comes from now on. */
    END
  }

  /**
   * Begins.
   *
   * @param from offsets to go on at, by partition
   * @param beginning of partitions that are not among these
   * @throws IOException if a partition ends before it is to be gone on with
   */
  void begin(List<TopicPartition> partitions, Map<Integer, Long> from, Beginning beginning)
      throws IOException {
    consumer.assign(partitions);
    Map<TopicPartition, Long> oldest = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    for (TopicPartition partition : partitions) {
      Map<TopicPartition, Long> usual = beginning == Beginning.OLDEST ? oldest : ends;
      long begin =
          from.getOrDefault(partition.partition(), Objects.requireNonNull(usual.get(partition)));
      next.put(partition.partition(), begin);
      goOnAt(
          partition,
          begin,
          Objects.requireNonNull(oldest.get(partition)),
          Objects.requireNonNull(ends.get(partition)));
    }
  }

  /** Seeks an offset, or the oldest there is where that is later. */
  private void goOnAt(TopicPartition partition, long offset, long oldest, long end)
      throws IOException {
    if (offset > end) {
      throw new IOException(
          "%s ends at offset %d, but records up to %d are archived already: its newest records were lost by the brokers; name another folder with --out"
              .formatted(partition, end, offset));
    }
    if (oldest > offset) {
      lost.add(new UsedRecords.Lost(partition.partition(), offset, oldest));
    }
    consumer.seek(partition, Math.max(offset, oldest));
  }

  /** Waits a little for the next record. */
  Optional<ConsumerRecord<byte[], byte[]>> take() throws IOException {
    if (read.isEmpty()) {
      try {
        consumer.poll(POLL).forEach(read::add);
      } catch (OffsetOutOfRangeException e) {
        LOG.debug("Records were deleted while {} was read", topic, e);
        Map<TopicPartition, Long> oldest =
            consumer.beginningOffsets(e.offsetOutOfRangePartitions().keySet());
        Map<TopicPartition, Long> ends = consumer.endOffsets(oldest.keySet());
        for (Map.Entry<TopicPartition, Long> partition :
            e.offsetOutOfRangePartitions().entrySet()) {
          goOnAt(
              partition.getKey(),
              partition.getValue(),
              Objects.requireNonNull(oldest.get(partition.getKey())),
              Objects.requireNonNull(ends.get(partition.getKey())));
        }
      }
    }
    ConsumerRecord<byte[], byte[]> record = read.poll();
    if (record != null) {
      next.put(record.partition(), record.offset() + 1);
    }
    if (read.isEmpty()) { // what follows the records, such as marks of transactions, is passed too
      consumer
          .assignment()
          .forEach(partition -> next.put(partition.partition(), consumer.position(partition)));
    }
    return Optional.ofNullable(record);
  }

  /** The first offset of each partition that is not used up. */
  Map<Integer, Long> next() {
    return new TreeMap<>(next);
  }

  /** Whether records were deleted unread, which nobody has been told yet. */
  boolean hasLost() {
    return !lost.isEmpty();
  }

  /** What was deleted unread; told once. */
  List<UsedRecords.Lost> lost() {
    List<UsedRecords.Lost> some = List.copyOf(lost);
    lost.clear();
    return some;
  }

  /** Where each partition ends at this moment. */
  Map<Integer, Long> ends() {
    Map<Integer, Long> ends = new TreeMap<>();
    consumer
        .endOffsets(consumer.assignment())
        .forEach((partition, end) -> ends.put(partition.partition(), end));
    return ends;
  }

  /** Whether all before these offsets is used up. */
  boolean hasReached(Map<Integer, Long> ends) {
    return ends.entrySet().stream()
        .allMatch(end -> next.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  @Override
  public void close() {
    consumer.close();
  }
}
