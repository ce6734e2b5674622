package io.surprisal.topology.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.apache.kafka.streams.processor.TaskId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clients that Kafka Streams would make itself, but for three things: no transaction ends
 * without offsets, none is committed by tasks whose work was aborted before, see {@link
 * UncommittedWork}, and no image that was deleted unread is passed over in silence, see {@link
 * UnskippingConsumer}.
 *
 * <p>Exactly-once processing (KIP-447) fences a member that lost its partitions, say in a long
 * pause, when it sends offsets: the broker sees that its generation of the group is over. Kafka
 * Streams sends none in a transaction before whose end no record was read since the partition came,
 * and pending images that were read again give results just there. Such a transaction of a fenced
 * member would be committed, and its results stand twice. So where there are no offsets to send,
 * those that the group has committed already are sent once more.
 */
public final class FencingClients implements KafkaClientSupplier {

  private static final String CONSUMER = "-consumer";
  private static final String PRODUCER = "-producer";
  private static final Logger LOG = LoggerFactory.getLogger(FencingClients.class);

  /** By the name of their stream thread, which its consumer and its producer are called after. */
  private final Map<String, Consumer<byte[], byte[]>> consumers = new ConcurrentHashMap<>();

  private final StreamSettings settings;

  public FencingClients(StreamSettings settings) {
    this.settings = settings;
  }

  @Override
  public Admin getAdmin(Map<String, Object> config) {
    return Admin.create(config);
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    Consumer<byte[], byte[]> consumer = new UnskippingConsumer(config, settings);
    consumers.put(thread(config, CONSUMER), consumer);
    return consumer;
  }

  @Override
  public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
    return consumer(config);
  }

  @Override
  public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
    return consumer(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    return new FencedProducer(config, thread(config, PRODUCER));
  }

  private static Consumer<byte[], byte[]> consumer(Map<String, Object> config) {
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static String thread(Map<String, Object> config, String suffix) {
    String clientId = String.valueOf(config.get(CommonClientConfigs.CLIENT_ID_CONFIG));
    return clientId.endsWith(suffix)
        ? clientId.substring(0, clientId.length() - suffix.length())
        : clientId;
  }

  /** What the group has committed for the partitions of a stream thread. */
  private Map<TopicPartition, OffsetAndMetadata> committed(String thread) {
    Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    Optional.ofNullable(consumers.get(thread))
        .map(consumer -> consumer.committed(consumer.assignment()))
        .orElse(Map.of())
        .forEach(
            (partition, offset) -> {
              if (offset != null) {
                committed.put(partition, offset);
              }
            });
    return committed;
  }

  private final class FencedProducer extends KafkaProducer<byte[], byte[]> {
    private final String thread;

    FencedProducer(Map<String, Object> config, String thread) {
      super(config, new ByteArraySerializer(), new ByteArraySerializer());
      this.thread = thread;
    }

    /**
     * Begins the end of a transaction.
     *
     * @throws ProducerFencedException if work of a task that goes on was aborted: it is what makes
     *     Kafka Streams close all tasks of its thread, without a commit of any, and begin anew
     *     where they last committed. A {@link org.apache.kafka.common.errors.TimeoutException}
     *     would close those alone whose offsets the transaction has.
     */
    @Override
    public void sendOffsetsToTransaction(
        Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
      Set<TaskId> lost = UncommittedWork.ofThread().takeLost();
      if (!lost.isEmpty()) {
        LOG.warn(
            "{}: work of the tasks {} was aborted with another's; it is done again", thread, lost);
        throw new ProducerFencedException(
            "work of the tasks " + lost + " was aborted with another's");
      }
      super.sendOffsetsToTransaction(offsets.isEmpty() ? committed(thread) : offsets, group);
    }

    @Override
    public void commitTransaction() {
      super.commitTransaction();
      UncommittedWork.ofThread().committed();
    }

    @Override
    public void abortTransaction() {
      try {
        super.abortTransaction();
      } finally {
        UncommittedWork.ofThread().aborted();
      }
    }
  }
}
