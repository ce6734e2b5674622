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
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that a cluster lacks and says what differs in those that it has. Existing
 * topics are not changed, so running it again does nothing; but {@link #raiseLimits} lets them take
 * larger records.
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
    /** It was there, and takes larger records now; only {@link #raiseLimits} does so. */
    RAISED,
    /** It was there, and keeps no record compressed now; only {@link #uncompress} does so. */
    UNCOMPRESSED,
    /** It is not there; only {@link #inspect} leaves it so. */
    MISSING
  }

  /**
   * What was found, or done, about one topic.
   *
   * @param topic its name
   * @param differences one sentence for each setting that differs, with value and expected value;
   *     empty unless the outcome is DIFFERENT, or one of a change
   * @param tooSmall whether it takes smaller records than it should
   * @param unmeasured whether it takes compressed records of any length, though it should not
   */
  public record Report(
      String topic,
      Outcome outcome,
      List<String> differences,
      boolean tooSmall,
      boolean unmeasured) {

    private static Report of(String topic, Outcome outcome) {
      return new Report(topic, outcome, List.of(), false, false);
    }

    /** What is left to say once it takes records as large as it should. */
    private Report raised() {
      return new Report(
          topic, Outcome.RAISED, without(TopicConfig.MAX_MESSAGE_BYTES_CONFIG), false, unmeasured);
    }

    /** What is left to say once it keeps no record compressed. */
    private Report uncompressed() {
      return new Report(
          topic,
          Outcome.UNCOMPRESSED,
          without(TopicConfig.COMPRESSION_TYPE_CONFIG),
          tooSmall,
          false);
    }

    private List<String> without(String setting) {
      return differences.stream().filter(difference -> !difference.startsWith(setting)).toList();
    }
  }

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
        reports.add(Report.of(wanted.name(), Outcome.CREATED));
      } else if (found.outcome() == Outcome.MISSING) {
        // Somebody else created it meanwhile, and the brokers may not know of it yet.
        awaitBrokers(() -> known(List.of(wanted.name())), "the new topic " + wanted.name());
        reports.addAll(inspect(List.of(wanted)));
      } else {
        reports.add(found);
      }
    }
    List<String> created =
        reports.stream()
            .filter(report -> report.outcome() == Outcome.CREATED)
            .map(Report::topic)
            .toList();
    awaitBrokers(() -> known(created), "the new topics " + created);
    return reports;
  }

  /**
   * Waits until the brokers tell of what the controller has done: on a busy machine they learn of
   * it later than the controller's answer comes.
   *
   * @param what the controller has done
   * @throws TimeoutException if they do not within {@link #VISIBLE_WITHIN}
   */
  private static void awaitBrokers(BooleanSupplier told, String what) {
    long deadline = System.nanoTime() + VISIBLE_WITHIN.toNanos();
    while (!told.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "the brokers do not know of %s after %d s; look at the controller's log"
                .formatted(what, VISIBLE_WITHIN.toSeconds()));
      }
      try {
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        throw new InterruptException(e);
      }
    }
  }

  private boolean known(List<String> topics) {
    try {
      configurations(topics);
      return true;
    } catch (UnknownTopicOrPartitionException e) {
      LOG.debug("The brokers do not know yet of {}", topics, e);
      return false;
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
                    : Report.of(wanted.name(), Outcome.MISSING))
        .toList();
  }

  /**
   * Lets existing topics take records as large as they should. What takes larger ones stays so, and
   * no other setting is touched.
   *
   * @param found what {@link #apply} or {@link #inspect} reported of these settings
   * @return the reports, with {@link Outcome#RAISED} for what was changed
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public List<Report> raiseLimits(List<TopicSettings> settings, List<Report> found) {
    Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
    List<TopicSettings> raised = new ArrayList<>();
    for (int i = 0; i < settings.size(); i++) {
      if (found.get(i).tooSmall()) {
        raised.add(settings.get(i));
        changes.put(
            new ConfigResource(ConfigResource.Type.TOPIC, settings.get(i).name()),
            List.of(
                new AlterConfigOp(
                    new ConfigEntry(
                        TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                        String.valueOf(settings.get(i).maxMessageBytes())),
                    AlterConfigOp.OpType.SET)));
      }
    }
    await(admin.incrementalAlterConfigs(changes).all());
    for (TopicSettings topic : raised) {
      awaitBrokers(
          () -> maxMessageBytes(topic.name()) >= topic.maxMessageBytes(),
          "the new limit of topic " + topic.name());
      LOG.info("Topic {} takes records of {} bytes now", topic.name(), topic.maxMessageBytes());
    }
    return found.stream().map(report -> report.tooSmall() ? report.raised() : report).toList();
  }

  /**
   * Lets existing topics keep no record compressed, where they should not: their brokers measure
   * what a record holds. What lies in them stays as it is, and no other setting is touched.
   *
   * @param found what {@link #apply} or {@link #inspect} reported
   * @return the reports, with {@link Outcome#UNCOMPRESSED} for what was changed
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public List<Report> uncompress(List<Report> found) {
    Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
    for (Report report : found) {
      if (report.unmeasured()) {
        changes.put(
            new ConfigResource(ConfigResource.Type.TOPIC, report.topic()),
            List.of(
                new AlterConfigOp(
                    new ConfigEntry(
                        TopicConfig.COMPRESSION_TYPE_CONFIG, TopicSettings.UNCOMPRESSED),
                    AlterConfigOp.OpType.SET)));
      }
    }
    await(admin.incrementalAlterConfigs(changes).all());
    changes
        .keySet()
        .forEach(
            topic ->
                awaitBrokers(
                    () -> compression(topic.name()).equals(TopicSettings.UNCOMPRESSED),
                    "the new compression of topic " + topic.name()));
    return found.stream()
        .map(report -> report.unmeasured() ? report.uncompressed() : report)
        .toList();
  }

  private String compression(String topic) {
    return Objects.requireNonNull(configurations(List.of(topic)).get(topic))
        .get(TopicConfig.COMPRESSION_TYPE_CONFIG)
        .value();
  }

  /**
   * Largest record batch that a topic takes, in bytes: its max.message.bytes.
   *
   * @throws UnknownTopicOrPartitionException if there is no such topic
   * @throws KafkaException if the cluster cannot be reached or refuses
   */
  public int maxMessageBytes(String topic) {
    Config configured = Objects.requireNonNull(configurations(List.of(topic)).get(topic));
    return maxMessageBytes(configured);
  }

  private static int maxMessageBytes(Config configured) {
    return Integer.parseInt(configured.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG).value());
  }

  private static Report compare(TopicSettings wanted, TopicDescription found, Config configured) {
    List<String> differences = new ArrayList<>();
    boolean tooSmall = maxMessageBytes(configured) < wanted.maxMessageBytes();
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
        List.copyOf(differences),
        tooSmall,
        wanted.compression().equals(TopicSettings.UNCOMPRESSED)
            && !TopicSettings.UNCOMPRESSED.equals(
                configured.get(TopicConfig.COMPRESSION_TYPE_CONFIG).value()));
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
