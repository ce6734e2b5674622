package io.surprisal.service.system;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Plain clients that know nothing of Surprisal's code. */
public final class Records {

  private Records() {}

  public static void send(String server, String topic, byte[]... values) throws Exception {
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (byte[] value : values) {
        producer.send(new ProducerRecord<>(topic, value)).get();
      }
    }
  }

  /** Reads committed records from the beginning until there are at least so many. */
  public static List<ConsumerRecord<byte[], byte[]>> read(
      String server, String topic, int atLeast) {
    try (Follower follower = new Follower(server, topic)) {
      await()
          .atMost(Duration.ofMinutes(2))
          .pollDelay(Duration.ZERO)
          .until(() -> follower.poll().size() >= atLeast);
      return follower.poll();
    }
  }

  /**
   * Collects the records of a topic from its beginning, the committed ones unless told otherwise.
   */
  public static final class Follower implements AutoCloseable {

    private final Consumer<byte[], byte[]> consumer;
    private final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();

    public Follower(String server, String topic) {
      this(server, topic, "read_committed");
    }

    private Follower(String server, String topic, String isolation) {
      consumer =
          new KafkaConsumer<>(
              Map.of(
                  "bootstrap.servers", server,
                  "isolation.level", isolation,
                  "auto.offset.reset", "earliest"),
              new ByteArrayDeserializer(),
              new ByteArrayDeserializer());
      consumer.assign(
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList());
    }

    /** Those too whose transaction has not ended, or was aborted. */
    static Follower ofUncommitted(String server, String topic) {
      return new Follower(server, topic, "read_uncommitted");
    }

    /** All records so far. */
    public List<ConsumerRecord<byte[], byte[]>> poll() {
      consumer.poll(Duration.ofMillis(200)).forEach(records::add);
      return records;
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
