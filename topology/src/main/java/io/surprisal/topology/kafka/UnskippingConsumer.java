package io.surprisal.topology.kafka;

import io.surprisal.handover.SurvivingConsumer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

/**
 * The consumer of a stream thread, which says what Kafka Streams would pass over: the topology
 * begins where a partition begins if the group has read nothing of it yet, and Kafka Streams would
 * do the same where the group has, but where the log no longer holds the place that it had come to.
 *
 * <ul>
 *   <li>The log begins later: retention has deleted images that nobody had read. {@link
 *       ImagesLostException}, unless the loss is accepted.
 *   <li>The log does not reach that far, or holds other records there: a broker has lost some, or
 *       somebody has set the group's offsets. Whether what is there now has scores already, nobody
 *       here can tell, so it stops in any case.
 * </ul>
 */
final class UnskippingConsumer extends SurvivingConsumer {

  private final StreamSettings settings;

  UnskippingConsumer(Map<String, Object> config, StreamSettings settings) {
    super(config);
    this.settings = settings;
  }

  /**
   * @throws ImagesLostException if images were deleted unread and that is not accepted, or the log
   *     is another one
   */
  @Override
  public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    try {
      return super.poll(timeout);
    } catch (OffsetOutOfRangeException e) {
      e.offsetOutOfRangePartitions().forEach(this::requireNoLoss);
      throw e; // Kafka Streams goes on at the beginning of what is left
    }
  }

  private void requireNoLoss(TopicPartition partition, long position) {
    if (partition.topic().startsWith(settings.applicationId() + "-")) {
      return; // Kafka Streams' own: no images
    }
    long earliest = Objects.requireNonNull(beginningOffsets(List.of(partition)).get(partition));
    if (earliest <= position) {
      throw new ImagesLostException(
          "Topic %s, partition %d, does not have what group %s has read up to offset %d: a broker has lost records, or somebody has set the group's offsets. Set them to where it should go on, or name a new group with --application-id to score all that is there"
              .formatted(
                  partition.topic(), partition.partition(), settings.applicationId(), position));
    }
    ImagesLostException.report(
        "Offsets %d to %d of topic %s, partition %d, were deleted before they were read: the images there have no scores"
            .formatted(position, earliest - 1, partition.topic(), partition.partition()),
        settings);
  }
}
