package io.surprisal.topology.pending;

import io.surprisal.topology.kafka.ImagesLostException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reads images of the input topic again. */
@FunctionalInterface
public interface ImageReader {

  /**
   * Reads the committed records of a range.
   *
   * @return in the order of their offsets
   * @throws ImagesLostException if the partition no longer has all of them
   * @throws org.apache.kafka.common.KafkaException if the cluster does not answer, or refuses
   */
  List<ConsumerRecord<byte[], byte[]>> read(TopicPartition partition, PendingRange range);
}
