package io.surprisal.service;

import io.surprisal.topology.Topics;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which cluster a command talks to, and how. */
public final class KafkaOptions {

  private static final int CONNECT_MILLIS = 5_000;

  private final Invocation invocation;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--bootstrap-server",
      paramLabel = "HOST:PORT",
      defaultValue = "localhost:9092",
      description = "The broker, or several with commas (default: ${DEFAULT-VALUE}).")
  private String bootstrapServer;

  @Option(
      names = "--kafka",
      paramLabel = "KEY=VALUE",
      description = "A property of Kafka's clients, for example security.protocol=SSL; repeatable.")
  private Map<String, String> properties = new LinkedHashMap<>();

  @Option(
      names = "--topic-prefix",
      paramLabel = "PREFIX",
      defaultValue = Topics.DEFAULT_PREFIX,
      description = "What the topics' names begin with (default: ${DEFAULT-VALUE}).")
  private String topicPrefix;

  public KafkaOptions(Invocation invocation) {
    this.invocation = invocation;
  }

  /** {@code host:port} of one or more brokers, comma-separated. */
  public String bootstrapServer() {
    return bootstrapServer;
  }

  public Topics topics() {
    return new Topics(topicPrefix);
  }

  /**
   * What settings and flags say about Kafka's clients; flags win. Without the bootstrap servers.
   */
  public Map<String, String> properties() {
    Map<String, String> all = new TreeMap<>();
    invocation.settings().kafka().forEach((name, setting) -> all.put(name, setting.value()));
    all.putAll(properties);
    if (all.containsKey("bootstrap.servers")) {
      throw new ParameterException(
          command.commandLine(),
          "name the broker with --bootstrap-server, not with kafka.bootstrap.servers");
    }
    return all;
  }

  /**
   * Properties of one client: the given ones, over them those of the user, and the broker.
   *
   * @param own what the command needs
   */
  Map<String, Object> client(Map<String, Object> own) {
    Map<String, Object> all = new TreeMap<>(own);
    all.putAll(properties());
    all.put("bootstrap.servers", bootstrapServer);
    return all;
  }

  /**
   * Connects to the cluster; the caller closes the client.
   *
   * @throws MissingDependencyException if no broker answers within 5 seconds
   */
  public Admin connect() {
    Map<String, Object> config =
        client(
            Map.of(
                "request.timeout.ms", CONNECT_MILLIS,
                "default.api.timeout.ms", CONNECT_MILLIS));
    // What the client says about each attempt is said once, below.
    String logger = "org.apache.kafka.clients.NetworkClient";
    Level level = LogManager.getLogger(logger).getLevel();
    Configurator.setLevel(logger, Level.OFF);
    try {
      Admin admin = Admin.create(config);
      try {
        admin.describeCluster().nodes().get();
        return admin;
      } catch (ExecutionException | InterruptedException e) {
        admin.close(java.time.Duration.ZERO);
        throw unreachable(e);
      }
    } catch (KafkaException e) {
      throw unreachable(e);
    } finally {
      Configurator.setLevel(logger, level);
    }
  }

  private RuntimeException unreachable(Exception e) {
    Throwable cause = e instanceof KafkaException && e.getCause() == null ? e : e.getCause();
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      return new IllegalStateException("interrupted while connecting to " + bootstrapServer, e);
    }
    if (cause instanceof TimeoutException) {
      return new MissingDependencyException(
          "no broker answers at "
              + bootstrapServer
              + "; start one with 'surprisal broker', name another with --bootstrap-server, or give"
              + " the security settings that it wants with --kafka",
          e);
    }
    if (cause instanceof ConfigException
        && String.valueOf(cause.getMessage()).startsWith("No resolvable")) {
      return new MissingDependencyException(
          "the host of --bootstrap-server " + bootstrapServer + " is not known", e);
    }
    return cause instanceof RuntimeException known ? known : new KafkaException(cause);
  }

  /**
   * The largest record batch that a topic takes, in bytes.
   *
   * @throws MissingDependencyException if the topic does not exist
   */
  int maxMessageBytes(Admin admin, String topic) throws InterruptedException {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      return Integer.parseInt(
          admin
              .describeConfigs(java.util.List.of(resource))
              .values()
              .get(resource)
              .get()
              .get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG)
              .value());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw noTopic(topic);
      }
      throw new KafkaException("cannot read the settings of topic " + topic, e.getCause());
    }
  }

  MissingDependencyException noTopic(String topic) {
    return new MissingDependencyException(
        "there is no topic "
            + topic
            + " at "
            + bootstrapServer
            + "; create it with 'surprisal topics'");
  }
}
