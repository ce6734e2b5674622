package io.surprisal.topology.topics;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.config.TopicConfig;

/**
 * How one topic should be set up.
 *
 * @param name full name, prefix included
 * @param partitions number of partitions
 * @param kept which records are kept
 * @param maxMessageBytes largest record batch that the topic takes, in bytes
 * @param compression of its records on the broker, in Kafka's terms
 */
public record TopicSettings(
    String name, int partitions, Kept kept, int maxMessageBytes, String compression) {

  /**
   * Which records a topic keeps.
   *
   * @param policy of their clean-up, in Kafka's terms
   * @param period how long they are kept; empty: for good
   */
  record Kept(String policy, Optional<Duration> period) {
    /** All for a while. */
    static Kept all(Duration period) {
      return new Kept(TopicConfig.CLEANUP_POLICY_DELETE, Optional.of(period));
    }

    /** The last one of each key for good. */
    static Kept last() {
      return new Kept(TopicConfig.CLEANUP_POLICY_COMPACT, Optional.empty());
    }

    /** The last one of each key for a while. */
    static Kept last(Duration period) {
      return new Kept(
          TopicConfig.CLEANUP_POLICY_COMPACT + "," + TopicConfig.CLEANUP_POLICY_DELETE,
          Optional.of(period));
    }
  }

  /**
   * The broker unpacks what comes compressed, and measures that: a record of zeros of a gigabyte is
   * no larger than an image once zstd has packed it, and whoever reads it gets all of it at once.
   */
  static final String UNCOMPRESSED = "uncompressed";

  /** As whoever writes a topic has packed it; for those that no process of Surprisal's waits on. */
  private static final String AS_WRITTEN = "producer";

  /** Partitions of what grows with the stream of images, in an unconfigured system. */
  public static final int DEFAULT_PARTITIONS = 4;

  /** 1 MiB, as Kafka has it: the largest record of the topics that carry no images. */
  private static final int SMALL_RECORD_BYTES = 1 << 20;

  private static final Duration WEEK = Duration.ofDays(7);
  private static final Duration MONTH = Duration.ofDays(30);

  /** The settings of all topics of an unconfigured system. */
  public static List<TopicSettings> defaults(Topics topics) {
    return all(topics, DEFAULT_PARTITIONS, ImageSizeLimit.DEFAULT);
  }

  /**
   * The settings of all topics.
   *
   * <p>Images, scores and dead letters are kept for a week; alerts, those of sources too, commands,
   * training events and statistics for 30 days, and so is the last word on each incident; of
   * releases the last announcement of each is kept for good, and so are their files, where they go
   * through Kafka, how each source is, and the last review of each alert.
   *
   * @param partitions of the topics that grow with the stream of images; all others have 1
   * @param largest image that the topic of images takes
   */
  public static List<TopicSettings> all(Topics topics, int partitions, ImageSizeLimit largest) {
    int small = SMALL_RECORD_BYTES;
    return List.of(
        read(topics.images(), partitions, Kept.all(WEEK), largest.recordBytes()),
        read(topics.scores(), partitions, Kept.all(WEEK), small),
        read(topics.alerts(), partitions, Kept.all(MONTH), small),
        new TopicSettings(topics.incidents(), partitions, Kept.last(MONTH), small, AS_WRITTEN),
        new TopicSettings(
            topics.deadLetters(),
            partitions,
            Kept.all(WEEK),
            largest.deadLetterBytes(),
            AS_WRITTEN),
        read(topics.control(), 1, Kept.all(MONTH), small),
        read(topics.releases(), 1, Kept.last(), small),
        read(topics.releaseChunks(), 1, Kept.last(), small),
        read(topics.trainer(), 1, Kept.all(MONTH), small),
        read(topics.statistics(), partitions, Kept.all(MONTH), small),
        new TopicSettings(topics.sourceAlerts(), 1, Kept.all(MONTH), small, AS_WRITTEN),
        new TopicSettings(topics.sources(), 1, Kept.last(), small, AS_WRITTEN),
        read(topics.reviews(), 1, Kept.last(), small));
  }

  /** A topic that scorers or trainers read: whoever may write to it must not stop them. */
  private static TopicSettings read(String name, int partitions, Kept kept, int maxMessageBytes) {
    return new TopicSettings(name, partitions, kept, maxMessageBytes, UNCOMPRESSED);
  }

  /** The settings in Kafka's terms. */
  Map<String, String> configuration() {
    Map<String, String> configuration = new TreeMap<>();
    configuration.put(TopicConfig.COMPRESSION_TYPE_CONFIG, compression);
    // Others would refuse records, and with them the transactions that they are in.
    configuration.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
    configuration.put(
        TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, String.valueOf(Long.MAX_VALUE));
    configuration.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(maxMessageBytes));
    configuration.put(TopicConfig.CLEANUP_POLICY_CONFIG, kept.policy());
    kept.period()
        .ifPresent(
            period ->
                configuration.put(
                    TopicConfig.RETENTION_MS_CONFIG, String.valueOf(period.toMillis())));
    return configuration;
  }
}
