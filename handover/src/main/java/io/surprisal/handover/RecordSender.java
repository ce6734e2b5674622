package io.surprisal.handover;

import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Sends records so that whoever reads committed ones sees all of them, or none. */
@FunctionalInterface
public interface RecordSender {

  /**
   * Sends them; they can be read when this returns.
   *
   * @param records at least one, of one partition
   * @return offset of the first
   * @throws KafkaException if none was sent
   */
  long send(List<ProducerRecord<byte[], byte[]>> records);
}
