package io.surprisal.trainer.cluster;

import io.surprisal.handover.CommittedRecords;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.Topics;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * The cluster that a trainer belongs to, what it is called there, and whom it obeys.
 *
 * @param clusterId what its brokers call it; signatures hold in it alone
 * @param topics of the cluster
 * @param clients settings of Kafka clients, with the broker
 * @param group consumer group of the control topic, whose member is the active trainer, and the
 *     transactional id that keeps others from publishing
 * @param member what this trainer is called in what it says
 * @param commanders keys of which one must have signed a command or a review, where any are asked
 *     for
 * @param commandExpiry older commands are refused
 */
public record ClusterSettings(
    String clusterId,
    Topics topics,
    Map<String, Object> clients,
    String group,
    String member,
    TrustedKeys commanders,
    Duration commandExpiry) {

  /** Of {@link ConsumerConfig#AUTO_OFFSET_RESET_CONFIG}: where no offset is known, all is read. */
  public static final String FROM_THE_BEGINNING = "earliest";

  public ClusterSettings {
    clients = Map.copyOf(clients);
  }

  /** A consumer of committed records that commits nothing by itself; the caller closes it. */
  public KafkaConsumer<byte[], byte[]> consumer() {
    return consumer(Map.of());
  }

  /**
   * A consumer of committed records that commits nothing by itself; the caller closes it.
   *
   * @param own further settings
   */
  public KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> own) {
    return CommittedRecords.consumer(clients, own);
  }
}
