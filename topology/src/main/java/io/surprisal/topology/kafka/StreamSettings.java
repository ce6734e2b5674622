package io.surprisal.topology.kafka;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.topology.topics.TopicSetup;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.streams.StreamsConfig;

/**
 * How the topology runs: cluster, member and tuning.
 *
 * @param applicationId consumer group, and prefix of the transactional ids
 * @param bootstrapServers {@code host:port} of one or more brokers, comma-separated
 * @param stateDirectory of Kafka Streams; kept over restarts, one for each process
 * @param threads number of stream threads, at least 1; all share one scorer
 * @param groupInstanceId name that the member keeps over restarts (static membership), so that a
 *     restart within the session timeout moves no partition; empty: dynamic membership
 * @param maxDeadLetterBytes largest record batch that the dead-letters topic takes, see {@link
 *     TopicSetup#maxMessageBytes}
 * @param kafka settings of Kafka clients and Kafka Streams, without the prefix {@code kafka.}; they
 *     win over all of Surprisal's. {@code num.standby.replicas} is how many other members keep a
 *     copy of what is pending (none unless set; the copy is small, and quickly made anew), and
 *     {@link #ACCEPT_LOST_IMAGES} and {@link #ACCEPT_INEXACT} are Surprisal's own
 */
public record StreamSettings(
    String applicationId,
    String bootstrapServers,
    Path stateDirectory,
    int threads,
    Optional<String> groupInstanceId,
    int maxDeadLetterBytes,
    Map<String, String> kafka) {

  /**
   * {@code true}: go on where images were deleted from the input topic before they had scores, see
   * {@link ImagesLostException}.
   */
  public static final String ACCEPT_LOST_IMAGES = "surprisal.accept.lost.images";

  /** {@code true}: take settings that end exactly-once processing. */
  public static final String ACCEPT_INEXACT = "surprisal.accept.inexact";

  /**
   * So few that scoring them takes a small part of max.poll.interval.ms (5 minutes) and of the
   * transaction timeout even where one image takes a second.
   */
  private static final int MAX_POLL_RECORDS = 16;

  /**
   * Under a backlog, where nobody waits for the next score but each commit costs processor time;
   * younger images are committed sooner, see {@link CommitPace}.
   */
  static final int COMMIT_INTERVAL_MILLIS = 1000;

  /**
   * A stream thread that waits for images notices finished scores so much later at most; each look
   * costs it processor time.
   */
  public static final int POLL_MILLIS = 10;

  private static final int TRANSACTION_TIMEOUT_MILLIS = 60_000;

  /** Which settings end exactly-once processing, and what each must be for it. */
  private static final Map<String, Set<String>> EXACT =
      Map.of(
          StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
          Set.of(StreamsConfig.EXACTLY_ONCE_V2),
          ConsumerConfig.ISOLATION_LEVEL_CONFIG,
          Set.of("read_committed"),
          ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
          Set.of("false"),
          ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
          Set.of("true"),
          ProducerConfig.ACKS_CONFIG,
          Set.of("all", "-1"));

  public StreamSettings {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + ", must be at least 1");
    }
    kafka = Map.copyOf(kafka);
    requireExact(kafka);
  }

  /** However a client of Kafka Streams' is named before the setting. */
  private static void requireExact(Map<String, String> kafka) {
    if (Boolean.parseBoolean(kafka.get(ACCEPT_INEXACT))) {
      return;
    }
    kafka.forEach(
        (name, value) ->
            EXACT.forEach(
                (setting, exact) -> {
                  if ((name.equals(setting) || name.endsWith("." + setting))
                      && !exact.contains(value)) {
                    throw new ConfigException(
                        "%s=%s ends exactly-once processing: images may be lost or scored twice. Leave it out; to have it so all the same, add --kafka %s=true"
                            .formatted(name, value, ACCEPT_INEXACT));
                  }
                }));
  }

  /** The settings in Kafka's terms. */
  public Map<String, Object> toStreamsConfig() {
    Map<String, Object> config = new HashMap<>();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    config.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory.toString());
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_INTERVAL_MILLIS);
    config.put(StreamsConfig.POLL_MS_CONFIG, POLL_MILLIS);
    // There is one input topic, so nothing to keep in step; looking whether there is costs time.
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
    config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, SmallStore.class);
    config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic");
    config.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);
    groupInstanceId.ifPresent(
        id ->
            config.put(
                StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), id));
    config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MILLIS);
    config.putAll(ImageSizeLimit.producer(maxDeadLetterBytes));
    config.putAll(kafka);
    config.remove(ACCEPT_LOST_IMAGES);
    config.remove(ACCEPT_INEXACT);
    return config;
  }

  /** Settings of an admin client of this member's, beside those of Kafka Streams. */
  public Map<String, Object> adminConfig(String purpose) {
    return new StreamsConfig(toStreamsConfig()).getAdminConfigs(applicationId + "-" + purpose);
  }

  /** Whether the stream goes on where images are lost. */
  boolean acceptsLostImages() {
    return Boolean.parseBoolean(kafka.get(ACCEPT_LOST_IMAGES));
  }
}
