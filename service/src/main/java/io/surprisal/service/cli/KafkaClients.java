package io.surprisal.service.cli;

import io.surprisal.handover.SurvivingConsumer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka clients as the commands use them: of bytes, since each topic has a format of its own. */
public final class KafkaClients {
  private KafkaClients() {}

  /**
   * A consumer as a user may configure it: of committed records, without a group, and from the
   * oldest record on, where the properties do not say otherwise; the caller assigns partitions and
   * closes it. Where users have no say, the handover's {@code CommittedRecords} are it.
   *
   * @param client properties, the broker among them; they win over what is said here
   */
  public static KafkaConsumer<byte[], byte[]> reader(Map<String, ?> client) {
    Map<String, Object> all = new HashMap<>();
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.putAll(client);
    return new SurvivingConsumer(all);
  }

  /**
   * A producer; the caller closes it.
   *
   * @param client properties, the broker among them
   */
  public static KafkaProducer<byte[], byte[]> producer(Map<String, ?> client) {
    return new KafkaProducer<>(
        Map.copyOf(client), new ByteArraySerializer(), new ByteArraySerializer());
  }
}
