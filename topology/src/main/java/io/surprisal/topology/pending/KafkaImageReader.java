package io.surprisal.topology.pending;

import io.surprisal.handover.SurvivingConsumer;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.StreamsConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads with a consumer of its own that belongs to no group and sees committed records only, with
 * the settings of Kafka Streams' restore consumer.
 */
public final class KafkaImageReader implements ImageReader {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaImageReader.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(100);

  private final StreamSettings settings;

  public KafkaImageReader(StreamSettings settings) {
    this.settings = settings;
  }

  @Override
  public List<ConsumerRecord<byte[], byte[]>> read(TopicPartition partition, PendingRange range) {
    List<ConsumerRecord<byte[], byte[]>> images = new ArrayList<>(range.images());
    try (Consumer<byte[], byte[]> consumer = new SurvivingConsumer(configuration(partition))) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, range.first());
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      // The position also passes aborted records and markers, which are no records of ours.
      while (consumer.position(partition) <= range.last()) {
        if (System.nanoTime() > deadline) {
          throw new TimeoutException(
              "offsets %d to %d of %s could not be read within %d s"
                  .formatted(range.first(), range.last(), partition, PATIENCE.toSeconds()));
        }
        try {
          for (ConsumerRecord<byte[], byte[]> image : consumer.poll(POLL)) {
            if (image.offset() <= range.last()) {
              images.add(image);
            }
          }
        } catch (OffsetOutOfRangeException e) {
          long earliest =
              Objects.requireNonNull(consumer.beginningOffsets(List.of(partition)).get(partition));
          LOG.debug("{} begins at {}, not at {} or before", partition, earliest, range.first(), e);
          // Where the log does not begin later, it ends earlier: a broker has lost the range.
          consumer.seek(partition, earliest > range.first() ? earliest : range.last() + 1);
        }
      }
    }
    if (images.size() != range.images()) {
      ImagesLostException.report(
          "Of %d images that waited for their scores at offsets %d to %d of topic %s, partition %d, the topic has only %d left: the others were deleted unscored"
              .formatted(
                  range.images(),
                  range.first(),
                  range.last(),
                  partition.topic(),
                  partition.partition(),
                  images.size()),
          settings);
    }
    return images;
  }

  private Map<String, Object> configuration(TopicPartition partition) {
    Map<String, Object> configuration =
        new StreamsConfig(settings.toStreamsConfig())
            .getRestoreConsumerConfigs(settings.applicationId() + "-pending-" + partition);
    configuration.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    configuration.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    return configuration;
  }
}
