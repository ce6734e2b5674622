package io.surprisal.trainer.cluster;

import io.surprisal.trainer.TrainerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends records in transactions, under the one transactional id of all trainers of a cluster: the
 * newest of these is heard, and those before it cannot say anything any more. Owns its producer;
 * {@link #close} ends it. Not thread-safe.
 */
public final class TransactionalSender implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TransactionalSender.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  private final KafkaProducer<byte[], byte[]> producer;

  /**
   * Fences the one before.
   *
   * @throws KafkaException if the broker does not let it
   */
  public TransactionalSender(TrainerSettings settings) {
    Map<String, Object> own = new HashMap<>(settings.clients());
    own.put("transactional.id", settings.group());
    producer = new KafkaProducer<>(own, new ByteArraySerializer(), new ByteArraySerializer());
    try {
      producer.initTransactions();
    } catch (KafkaException e) {
      close();
      throw e;
    }
  }

  /**
   * Commits all records, or none.
   *
   * @return where they lie, in their order; all are done
   * @throws KafkaException if nothing was committed
   */
  public List<Future<RecordMetadata>> send(List<ProducerRecord<byte[], byte[]>> records) {
    return send(records, Map.of(), null);
  }

  /**
   * Commits all records and the offsets, or nothing.
   *
   * @param offsets of a consumer group, empty for none
   * @param group that they are of
   * @throws KafkaException if nothing was committed
   */
  public List<Future<RecordMetadata>> send(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      ConsumerGroupMetadata group) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    producer.beginTransaction();
    try {
      records.forEach(record -> sent.add(producer.send(record)));
      if (!offsets.isEmpty()) {
        producer.sendOffsetsToTransaction(offsets, group);
      }
      producer.commitTransaction();
      return sent;
    } catch (KafkaException e) {
      abort();
      throw e;
    }
  }

  private void abort() {
    try {
      producer.abortTransaction();
    } catch (KafkaException e) {
      LOG.debug("The transaction could not be aborted; the next owner of its id does", e);
    }
  }

  @Override
  public void close() {
    producer.close(CLOSE_TIMEOUT);
  }
}
