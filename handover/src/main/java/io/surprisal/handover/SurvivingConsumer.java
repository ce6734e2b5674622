package io.surprisal.handover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer of bytes that survives a record which no memory takes. zstd packs gigabytes of zeros
 * into kilobytes; a broker that does not measure what a record holds lets them pass; and Kafka's
 * client unpacks a record whole before anybody sees it. Where that takes more than there is, the
 * place is looked for with a consumer beside this one, a record at a time, and what lies there is
 * given out without key and value, with the header {@link #UNREADABLE}.
 */
public class SurvivingConsumer extends KafkaConsumer<byte[], byte[]> {
  /** Header of what stands for a record that could not be read. */
  public static final String UNREADABLE = "surprisal.unreadable";

  private static final Logger LOG = LoggerFactory.getLogger(SurvivingConsumer.class);
  private static final Duration PROBE = Duration.ofSeconds(5);

  /** Of what is read on the way to the place; the rest comes with the next poll. */
  private static final int MOST_RECORDS = 500;

  private static final long MOST_BYTES = 16L << 20;

  private final Map<String, Object> config;

  /**
   * @param config of the consumer, without deserializers
   */
  public SurvivingConsumer(Map<String, Object> config) {
    super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.config = new HashMap<>(config); // some values are null
  }

  /**
   * @throws OutOfMemoryError if it is not for a single record
   */
  @Override
  public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    try {
      return super.poll(timeout);
    } catch (OutOfMemoryError e) {
      return instead(this, this::probe, e);
    }
  }

  /** A consumer of the same topics that belongs to no group, and takes a record at a time. */
  private Consumer<byte[], byte[]> probe() {
    Map<String, Object> own = new HashMap<>(config);
    own.remove(ConsumerConfig.GROUP_ID_CONFIG);
    own.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
    own.remove(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG);
    own.put(CommonClientConfigs.CLIENT_ID_CONFIG, "surprisal-probe");
    own.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    own.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    own.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    return new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** What a probe found in a partition; next is the offset to go on at. */
  private record Found(List<ConsumerRecord<byte[], byte[]>> records, long next) {}

  /**
   * What a poll should have given that ran out of memory.
   *
   * @param probes open consumers that take a record at a time; they are closed here
   * @throws OutOfMemoryError the given one, where no single record is the cause
   */
  static ConsumerRecords<byte[], byte[]> instead(
      Consumer<byte[], byte[]> consumer,
      Supplier<Consumer<byte[], byte[]>> probes,
      OutOfMemoryError thrown) {
    for (TopicPartition partition : consumer.assignment()) {
      if (consumer.paused().contains(partition)) {
        continue;
      }
      Optional<Found> found = look(partition, consumer.position(partition), probes);
      if (found.isPresent()) {
        consumer.seek(partition, found.get().next());
        return new ConsumerRecords<>(
            Map.of(partition, found.get().records()),
            Map.of(partition, new OffsetAndMetadata(found.get().next())));
      }
    }
    throw thrown;
  }

  /** Reads on from an offset; empty where nothing there takes more memory than there is. */
  private static Optional<Found> look(
      TopicPartition partition, long from, Supplier<Consumer<byte[], byte[]>> probes) {
    List<ConsumerRecord<byte[], byte[]>> before = new ArrayList<>();
    long bytes = 0;
    try (Consumer<byte[], byte[]> probe = probes.get()) {
      probe.assign(List.of(partition));
      probe.seek(partition, from);
      while (before.size() < MOST_RECORDS && bytes < MOST_BYTES) {
        try {
          ConsumerRecords<byte[], byte[]> polled = probe.poll(PROBE);
          if (polled.isEmpty()) {
            return Optional.empty();
          }
          for (ConsumerRecord<byte[], byte[]> record : polled) {
            before.add(record);
            bytes += record.value() == null ? 0 : record.value().length;
          }
        } catch (OutOfMemoryError e) {
          long place = probe.position(partition);
          if (!isHuge(partition, place, probes)) {
            return Optional.empty();
          }
          LOG.error(
              "The record in {} at {} takes more memory than this process has, and is passed over;"
                  + " 'surprisal topics --uncompress' lets the broker refuse such records",
              partition,
              place);
          before.add(standIn(partition, place));
          return Optional.of(new Found(before, place + 1));
        }
      }
    }
    // More than a poll brings lies before it.
    return Optional.of(new Found(before, before.get(before.size() - 1).offset() + 1));
  }

  /** Asked anew: others may have taken the memory for a moment. */
  private static boolean isHuge(
      TopicPartition partition, long place, Supplier<Consumer<byte[], byte[]>> probes) {
    try (Consumer<byte[], byte[]> probe = probes.get()) {
      probe.assign(List.of(partition));
      probe.seek(partition, place);
      probe.poll(PROBE);
      return false;
    } catch (OutOfMemoryError e) {
      LOG.debug("Again", e);
      return true;
    }
  }

  private static ConsumerRecord<byte[], byte[]> standIn(TopicPartition partition, long place) {
    RecordHeaders headers = new RecordHeaders();
    headers.add(UNREADABLE, new byte[0]);
    return new ConsumerRecord<>(
        partition.topic(),
        partition.partition(),
        place,
        System.currentTimeMillis(),
        TimestampType.CREATE_TIME,
        ConsumerRecord.NULL_SIZE,
        ConsumerRecord.NULL_SIZE,
        null,
        null,
        headers,
        Optional.empty());
  }
}
