package io.surprisal.handover;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** Consumers that see committed records only, as bytes, and commit no offset by themselves. */
public final class CommittedRecords {
  private CommittedRecords() {}

  /**
   * Opens a consumer; the caller closes it.
   *
   * @param clients settings of Kafka clients, with {@code bootstrap.servers}
   * @param own settings of this consumer, which go before those
   */
  public static KafkaConsumer<byte[], byte[]> consumer(
      Map<String, Object> clients, Map<String, Object> own) {
    Map<String, Object> all = new HashMap<>(clients);
    all.putAll(own);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    return new SurvivingConsumer(all);
  }

  /** Opens a consumer without settings of its own; the caller closes it. */
  public static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> clients) {
    return consumer(clients, Map.of());
  }
}
