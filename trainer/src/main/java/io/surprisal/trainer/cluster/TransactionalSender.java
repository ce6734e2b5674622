package io.surprisal.trainer.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
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

  private final Producer<byte[], byte[]> producer;

  /**
   * Sends for a cluster.
   *
   * @throws KafkaException if the broker does not let it
   */
  public static TransactionalSender of(ClusterSettings cluster) {
    Map<String, Object> own = new HashMap<>(cluster.clients());
    own.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, cluster.group());
    return new TransactionalSender(
        new KafkaProducer<>(own, new ByteArraySerializer(), new ByteArraySerializer()));
  }

  /**
   * Fences the one before.
   *
   * @param producer with a transactional id; this one's from now on
   * @throws KafkaException if the broker does not let it
   */
  public TransactionalSender(Producer<byte[], byte[]> producer) {
    this.producer = producer;
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
   * @throws KafkaException if nothing was committed
   */
  public void send(List<ProducerRecord<byte[], byte[]>> records) {
    commit(records, () -> {});
  }

  /**
   * Commits all records, or none.
   *
   * @param records at least one
   * @return offset of the first
   * @throws KafkaException if nothing was committed
   */
  public long sendAndLocate(List<ProducerRecord<byte[], byte[]>> records) {
    Future<RecordMetadata> first = commit(records, () -> {}).get(0); // done by the commit
    try {
      return first.get().offset();
    } catch (ExecutionException e) {
      throw new KafkaException("a record was not sent", e.getCause());
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  /**
   * Commits all records and the offsets, or nothing.
   *
   * @param offsets of a consumer group
   * @param group that they are of
   * @throws KafkaException if nothing was committed
   */
  public void send(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      ConsumerGroupMetadata group) {
    commit(records, () -> producer.sendOffsetsToTransaction(offsets, group));
  }

  private List<Future<RecordMetadata>> commit(
      List<ProducerRecord<byte[], byte[]>> records, Runnable last) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    producer.beginTransaction();
    try {
      records.forEach(record -> sent.add(producer.send(record)));
      last.run();
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
