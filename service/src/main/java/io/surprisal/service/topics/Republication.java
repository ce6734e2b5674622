package io.surprisal.service.topics;

import io.surprisal.model.checks.Sha256;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.topology.records.DeadLetter;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Sends images of dead letters to the topic of images again: key, value and headers as they were
 * before they became dead letters. In the same transaction it is committed how far the dead letters
 * were sent, so that each is sent once, however often the command runs.
 */
final class Republication implements AutoCloseable {
  private static final int DELIVERY_MILLIS = 30_000;
  private static final int HASH_BYTES = 16;

  private final String images;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Producer<byte[], byte[]> producer;

  /** Images of this run, by a hash of their records. */
  private final Set<String> sent = new HashSet<>();

  /**
   * Connects; a run that goes on at the same time can send no more.
   *
   * @param maxRecordBytes what the topic of images takes
   */
  Republication(KafkaOptions kafka, int maxRecordBytes) {
    images = kafka.topics().images();
    String name = "surprisal-republish-" + kafka.topics().deadLetters();
    Map<String, Object> config = new HashMap<>(ImageSizeLimit.producer(maxRecordBytes));
    config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, name);
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "none");
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, DELIVERY_MILLIS);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS / 3);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
    consumer = kafka.readerFor(name);
    producer = kafka.producer(config);
    producer.initTransactions();
  }

  /** Reads the dead letters, and knows how far they were sent. */
  KafkaConsumer<byte[], byte[]> consumer() {
    return consumer;
  }

  /**
   * Sends some, all or none.
   *
   * @param next by partition of the dead letters, where to go on after these
   * @return how many were sent: an image that became a dead letter several times is sent once
   */
  int send(List<Letter> letters, Map<TopicPartition, OffsetAndMetadata> next) {
    int count = 0;
    producer.beginTransaction();
    try {
      for (Letter letter : letters) {
        if (sent.add(hash(letter))) {
          send(letter);
          count++;
        }
      }
      producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
      producer.commitTransaction();
      return count;
    } catch (KafkaException e) {
      abort(e);
      throw e;
    }
  }

  private void abort(KafkaException why) {
    try {
      producer.abortTransaction();
    } catch (KafkaException fenced) { // another run has begun; the broker has ended it
      why.addSuppressed(fenced);
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what fails, the end of the transaction says
  private void send(Letter letter) {
    producer.send(
        new ProducerRecord<>(
            images,
            null,
            null, // now: a week-old time would let the topic delete it
            letter.record().key(),
            letter.record().value(),
            DeadLetter.withoutOwn(letter.record().headers())));
  }

  private static String hash(Letter letter) {
    MessageDigest digest = Sha256.digest();
    for (byte[] part : Arrays.asList(letter.record().key(), letter.record().value())) {
      digest.update(ByteBuffer.allocate(4).putInt(part == null ? -1 : part.length).array());
      digest.update(part == null ? new byte[0] : part);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES);
  }

  @Override
  public void close() {
    consumer.close();
    producer.close();
  }
}
