package io.surprisal.service.web;

import io.surprisal.service.cli.KafkaClients;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Single records, read where they lie, with a fixed number of consumers. Thread-safe; {@link
 * #close} ends the consumers.
 */
final class RecordsAt implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(100);

  /** One record is wanted; where it is larger, it comes all the same, alone (KIP-74). */
  private static final int FETCH_BYTES = 16 << 10;

  private final List<KafkaConsumer<byte[], byte[]>> all = new ArrayList<>();
  private final BlockingQueue<KafkaConsumer<byte[], byte[]>> free;

  /**
   * @param client properties of Kafka's clients, the broker among them
   * @param consumers how many records can be read at the same time
   */
  RecordsAt(Map<String, Object> client, int consumers) {
    Map<String, Object> properties = new HashMap<>(client);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, FETCH_BYTES);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    free = new ArrayBlockingQueue<>(consumers);
    for (int i = 0; i < consumers; i++) {
      KafkaConsumer<byte[], byte[]> consumer = KafkaClients.reader(properties);
      all.add(consumer);
      free.add(consumer);
    }
  }

  /**
   * Reads a committed record.
   *
   * @return empty: the topic has let it go, or never had it
   * @throws TimeoutException if no broker answers in time, or too many others wait too
   */
  Optional<ConsumerRecord<byte[], byte[]>> read(String topic, Place place)
      throws InterruptedException {
    KafkaConsumer<byte[], byte[]> consumer = free.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    if (consumer == null) {
      throw new TimeoutException("too many pictures are asked for at once");
    }
    try {
      return read(consumer, new TopicPartition(topic, place.partition()), place.offset());
    } finally {
      consumer.unsubscribe();
      free.add(consumer);
    }
  }

  private static Optional<ConsumerRecord<byte[], byte[]>> read(
      KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long offset) {
    consumer.assign(List.of(partition));
    consumer.seek(partition, offset);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try {
      // The position also passes records that were deleted or never committed.
      while (consumer.position(partition, PATIENCE) <= offset) {
        if (System.nanoTime() > deadline) {
          throw new TimeoutException("the broker does not answer");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          return record.offset() == offset ? Optional.of(record) : Optional.empty();
        }
      }
      return Optional.empty();
    } catch (OffsetOutOfRangeException e) {
      return Optional.empty(); // its retention is over
    }
  }

  @Override
  public void close() {
    all.forEach(KafkaConsumer::wakeup);
    for (int i = 0; i < all.size(); i++) {
      try {
        KafkaConsumer<byte[], byte[]> consumer =
            free.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (consumer != null) {
          consumer.close();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
