package io.surprisal.topology.topics;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that a cluster lacks and says what differs in those that it has. Existing
 * topics are never changed, so running it again does nothing.
 */
public final class TopicSetup {

  private static final Logger LOG = LoggerFactory.getLogger(TopicSetup.class);

  private static final Duration VISIBLE_WITHIN = Duration.ofSeconds(30);
  private static final long POLL_MILLIS = 20;

  /** What was found, or done, about one topic. */
  public enum Outcome {
    /** It was not there and has been created as it should be. */
    CREATED,
    /** It was there, set up as it should be. */
    AS_EXPECTED,
    /** It was there, set up in another way. */
    DIFFERENT,
    /** It is not there; only {@link #inspect} leaves it so. */
    MISSING
  }

  /**
   * What was found, or done, about one topic.
   *
   * @param topic its name
   * @param differences one sentence for each setting that differs, with value and expected value;
   *     empty unless the outcome is DIFFERENT
   */
  public record Report(String topic, Outcome outcome, List<String> differences) {}

  private final Admin admin;

  /**
   * @param admin stays the caller's, who closes it
   */
  public TopicSetup(Admin admin) {
    this.admin = admin;
  }

  /**
   * Creates what lacks, in as many copies as the broker makes by default.
   *
   * @return one report for each of the settings, in their order
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public List<Report> apply(List<TopicSettings> settings) {
    return apply(settings, Optional.empty());
  }

  /**
   * Creates what lacks.
   *
   * @param replicationFactor of topics that are created; empty: the broker's default
   * @return one report for each of the settings, in their order
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public List<Report> apply(List<TopicSettings> settings, Optional<Short> replicationFactor) {
    List<Report> reports = new ArrayList<>();
    for (Report found : inspect(settings)) {
      TopicSettings wanted = settings.get(reports.size());
      if (found.outcome() == Outcome.MISSING && create(wanted, replicationFactor)) {
        LOG.info("Created topic {} with {} partitions", wanted.name(), wanted.partitions());
        reports.add(new Report(wanted.name(), Outcome.CREATED, List.of()));
      } else if (found.outcome() == Outcome.MISSING) {
        reports.addAll(inspect(List.of(wanted))); // somebody else created it meanwhile
      } else {
        reports.add(found);
      }
    }
    awaitVisible(
        reports.stream()
            .filter(report -> report.outcome() == Outcome.CREATED)
            .map(Report::topic)
            .toList());
    return reports;
  }

  /**
   * Waits until the brokers tell of topics that the controller has created: on a busy machine they
   * learn of them later than the answer to the creation comes.
   *
   * @throws UnknownTopicOrPartitionException if they do not within {@link #VISIBLE_WITHIN}
   */
  private void awaitVisible(List<String> created) {
    long deadline = System.nanoTime() + VISIBLE_WITHIN.toNanos();
    while (true) {
      try {
        configurations(created);
        return;
      } catch (UnknownTopicOrPartitionException e) {
        if (System.nanoTime() > deadline) {
          throw new UnknownTopicOrPartitionException(
              "the brokers do not know of %s %d s after their creation; look at the controller's log"
                  .formatted(created, VISIBLE_WITHIN.toSeconds()),
              e);
        }
        LOG.debug("The brokers do not know yet of {}", created, e);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        throw new InterruptException(e);
      }
    }
  }

  /**
   * Compares without changing anything.
   *
   * @return one report for each of the settings, in their order
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public List<Report> inspect(List<TopicSettings> settings) {
    List<String> names = settings.stream().map(TopicSettings::name).toList();
    Map<String, TopicDescription> existing = describe(names);
    Map<String, Config> configurations = configurations(existing.keySet());
    return settings.stream()
        .map(
            wanted ->
                existing.containsKey(wanted.name())
                    ? compare(
                        wanted,
                        Objects.requireNonNull(existing.get(wanted.name())),
                        Objects.requireNonNull(configurations.get(wanted.name())))
                    : new Report(wanted.name(), Outcome.MISSING, List.of()))
        .toList();
  }

  /**
   * Largest record batch that a topic takes, in bytes: its max.message.bytes.
   *
   * @throws UnknownTopicOrPartitionException if there is no such topic
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public int maxMessageBytes(String topic) {
    Config configured = Objects.requireNonNull(configurations(List.of(topic)).get(topic));
    return Integer.parseInt(configured.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG).value());
  }

  private static Report compare(TopicSettings wanted, TopicDescription found, Config configured) {
    List<String> differences = new ArrayList<>();
    if (found.partitions().size() != wanted.partitions()) {
      differences.add(
          "partitions is " + found.partitions().size() + ", expected " + wanted.partitions());
    }
    wanted
        .configuration()
        .forEach(
            (name, value) -> {
              String actual = configured.get(name) == null ? null : configured.get(name).value();
              if (!value.equals(actual)) {
                differences.add(name + " is " + actual + ", expected " + value);
              }
            });
    return new Report(
        wanted.name(),
        differences.isEmpty() ? Outcome.AS_EXPECTED : Outcome.DIFFERENT,
        List.copyOf(differences));
  }

  /** Whether the topic was created; false if it exists already. */
  private boolean create(TopicSettings wanted, Optional<Short> replicationFactor) {
    NewTopic topic =
        new NewTopic(wanted.name(), Optional.of(wanted.partitions()), replicationFactor)
            .configs(wanted.configuration());
    try {
      await(admin.createTopics(List.of(topic)).all());
      return true;
    } catch (TopicExistsException e) {
      LOG.debug("Topic {} was created by another at the same time", wanted.name(), e);
      return false;
    }
  }

  private Map<String, TopicDescription> describe(Collection<String> names) {
    Map<String, TopicDescription> described = new HashMap<>();
    admin
        .describeTopics(names)
        .topicNameValues()
        .forEach(
            (name, description) -> {
              try {
                described.put(name, await(description));
              } catch (UnknownTopicOrPartitionException e) {
                LOG.debug("Topic {} does not exist", name, e);
              }
            });
    return described;
  }

  private Map<String, Config> configurations(Collection<String> names) {
    List<ConfigResource> resources =
        names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    Map<String, Config> configurations = new HashMap<>();
    await(admin.describeConfigs(resources).all())
        .forEach((resource, config) -> configurations.put(resource.name(), config));
    return configurations;
  }

  private static <T> T await(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KafkaException refused) {
        throw refused;
      }
      throw new KafkaException("The cluster did not answer as expected", e.getCause());
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
