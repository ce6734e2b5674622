package io.surprisal.service.faults;

import java.util.Comparator;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Where a record lies. */
public record Place(String topic, int partition, long offset) implements Comparable<Place> {

  private static final Comparator<Place> ORDER =
      Comparator.comparing(Place::topic)
          .thenComparingInt(Place::partition)
          .thenComparingLong(Place::offset);

  static Place of(ConsumerRecord<?, ?> record) {
    return new Place(record.topic(), record.partition(), record.offset());
  }

  @Override
  public int compareTo(Place other) {
    return ORDER.compare(this, other);
  }

  /** As Kafka's own tools write it: {@code topic-partition@offset}. */
  @Override
  public String toString() {
    return topic + "-" + partition + "@" + offset;
  }
}
