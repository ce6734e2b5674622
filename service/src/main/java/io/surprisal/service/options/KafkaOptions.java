package io.surprisal.service.options;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.SchemaRegistry;
import io.surprisal.schemas.SchemaRegistryException;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.SettingNames;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which cluster a command talks to, and how. */
public final class KafkaOptions {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaOptions.class);
  private static final int CONNECT_MILLIS = 5_000;

  /** After which the client asks again. */
  private static final int REQUEST_MILLIS = 15_000;

  private static final int MOST_CONNECT_SECONDS = 3600;

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
      names = "--connect-timeout",
      paramLabel = "S",
      defaultValue = "60",
      description =
          "Seconds that a broker may take to answer once it has taken the connection, with retries;"
              + " where nothing listens a command gives up at once (default: ${DEFAULT-VALUE}).")
  private int connectSeconds;

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
   * What settings and flags say about Kafka's clients; flags win. Without the bootstrap servers,
   * and without what is of a schema registry, which the process uses from now on.
   */
  public Map<String, String> properties() {
    Map<String, String> all = new TreeMap<>();
    invocation.settings().kafka().forEach((name, setting) -> all.put(name, setting.value()));
    all.putAll(properties);
    properties.keySet().stream()
        .flatMap(name -> SettingNames.ofKafka(name, "--kafka").stream())
        .findFirst()
        .ifPresent(
            objection -> {
              throw new ParameterException(command.commandLine(), objection);
            });
    if (all.containsKey(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
      throw new ParameterException(
          command.commandLine(),
          "name the broker with --bootstrap-server, not with kafka.bootstrap.servers");
    }
    useRegistry(all);
    return all;
  }

  private void useRegistry(Map<String, String> all) {
    Map<String, String> registry = new TreeMap<>(all);
    registry.keySet().removeIf(name -> !name.startsWith(SchemaRegistry.SETTINGS));
    all.keySet().removeAll(registry.keySet());
    try {
      SchemaRegistry.use(registry);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), "kafka." + e.getMessage(), e);
    }
  }

  /**
   * Properties of one client: the given ones, over them those of the user, and the broker.
   *
   * @param own what the command needs
   */
  public Map<String, Object> client(Map<String, Object> own) {
    Map<String, Object> all = new TreeMap<>(own);
    all.putAll(properties());
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServer);
    return all;
  }

  /** A consumer of committed records, without a group; the caller assigns and closes it. */
  public KafkaConsumer<byte[], byte[]> reader() {
    return KafkaClients.reader(client(Map.of()));
  }

  /**
   * A consumer of committed records that knows how far a group has come, without being its member;
   * the caller assigns and closes it.
   */
  public KafkaConsumer<byte[], byte[]> readerFor(String group) {
    return KafkaClients.reader(client(Map.of(ConsumerConfig.GROUP_ID_CONFIG, group)));
  }

  /** A producer with settings that the command needs; the caller closes it. */
  public KafkaProducer<byte[], byte[]> producer(Map<String, Object> own) {
    return KafkaClients.producer(client(own));
  }

  /**
   * What the brokers call their cluster; signatures hold in it alone.
   *
   * @throws MissingDependencyException if no broker answers
   */
  public String clusterId() throws InterruptedException {
    try (Admin admin = connect()) {
      return admin.describeCluster().clusterId().get();
    } catch (ExecutionException e) {
      throw unreachable(Objects.requireNonNullElse(e.getCause(), e));
    }
  }

  /** Creates the topics that lack, as an unconfigured system has them. */
  public void createTopics(Admin admin) {
    new TopicSetup(admin).apply(TopicSettings.defaults(topics()));
  }

  /**
   * Connects to the cluster, with retries and back-off while a broker listens but is slow to
   * answer; the caller closes the client.
   *
   * @throws MissingDependencyException if nothing listens, or no broker answers in time; or if no
   *     schema registry answers where one is set
   */
  public Admin connect() {
    if (connectSeconds < 1 || connectSeconds > MOST_CONNECT_SECONDS) {
      throw new ParameterException(
          command.commandLine(),
          "--connect-timeout must be 1 to %d, not %d"
              .formatted(MOST_CONNECT_SECONDS, connectSeconds));
    }
    Map<String, Object> config =
        client(
            Map.of(
                CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG,
                Math.min(REQUEST_MILLIS, connectSeconds * 1000),
                CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG,
                connectSeconds * 1000));
    // What the client says about each attempt is said once, below.
    String logger = "org.apache.kafka.clients";
    Level level = LogManager.getLogger(logger).getLevel();
    Configurator.setLevel(logger, Level.OFF);
    try {
      requireListener(config);
      Admin admin = Admin.create(config);
      try {
        KafkaFuture<?> answer = admin.describeCluster().nodes();
        if (isPlain(config)) {
          requireNoTls(answer, config);
        }
        answer.get();
        SchemaRegistry.inUse().ifPresent(SchemaRegistry::requireAnswer);
        return admin;
      } catch (ExecutionException e) {
        admin.close(Duration.ZERO);
        throw unreachable(Objects.requireNonNullElse(e.getCause(), e));
      } catch (SchemaRegistryException e) {
        admin.close(Duration.ZERO);
        throw new MissingDependencyException(String.valueOf(e.getMessage()), e);
      } catch (MissingDependencyException e) {
        admin.close(Duration.ZERO);
        throw e;
      } catch (InterruptedException e) {
        admin.close(Duration.ZERO);
        throw new InterruptException(e);
      }
    } catch (KafkaException e) {
      throw unreachable(e.getCause() == null ? e : e.getCause());
    } finally {
      Configurator.setLevel(logger, level);
    }
  }

  /** Asks for a mere connection first: the client itself would try for all of its time. */
  private static void requireListener(Map<String, Object> config) {
    AdminClientConfig parsed = new AdminClientConfig(config);
    for (InetSocketAddress address : ClientUtils.parseAndValidateAddresses(parsed)) {
      try (Socket socket = new Socket()) {
        socket.connect(address, CONNECT_MILLIS);
        return;
      } catch (IOException e) {
        LOG.debug("No connection to {}", address, e);
      }
    }
    throw new TimeoutException("no connection to any of the bootstrap servers");
  }

  private static boolean isPlain(Map<String, Object> config) {
    Object protocol = config.get(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG);
    return protocol == null || !String.valueOf(protocol).toUpperCase(Locale.ROOT).endsWith("SSL");
  }

  /** Where a broker lets a plain client wait, it may be because it speaks TLS. */
  private void requireNoTls(KafkaFuture<?> answer, Map<String, Object> config)
      throws InterruptedException, ExecutionException {
    try {
      answer.get(CONNECT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      if (ClientUtils.parseAndValidateAddresses(new AdminClientConfig(config)).stream()
          .anyMatch(TlsPort::answers)) {
        throw new MissingDependencyException(
            "the broker at "
                + bootstrapServer
                + " speaks TLS, and security.protocol is "
                + Objects.requireNonNullElse(
                    config.get(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG), "PLAINTEXT")
                + "; set it to SSL, or to SASL_SSL where there are users, with --kafka or in"
                + " SURPRISAL_KAFKA_SECURITY_PROTOCOL",
            e);
      }
    }
  }

  private RuntimeException unreachable(Throwable cause) {
    if (cause instanceof TimeoutException) {
      return new MissingDependencyException(
          "no broker answers at "
              + bootstrapServer
              + "; start one with 'surprisal broker', name another with --bootstrap-server, or give"
              + " the security settings that it wants with --kafka",
          cause);
    }
    if (cause instanceof ConfigException
        && String.valueOf(cause.getMessage()).startsWith("No resolvable")) {
      return new MissingDependencyException(
          "the host of --bootstrap-server " + bootstrapServer + " is not known", cause);
    }
    return cause instanceof RuntimeException known ? known : new KafkaException(cause);
  }

  /**
   * The largest record batch that a topic takes, in bytes.
   *
   * @throws MissingDependencyException if the topic does not exist
   */
  public int maxMessageBytes(Admin admin, String topic) throws InterruptedException {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      return Integer.parseInt(
          Objects.requireNonNull(admin.describeConfigs(List.of(resource)).values().get(resource))
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

  /**
   * The largest image record that the topic of images takes, in bytes, as the broker says. Where it
   * does not let this user ask, that of an unconfigured system, which is said on standard error.
   *
   * @throws MissingDependencyException if the topic does not exist
   */
  public int maxImageRecordBytes(Admin admin) throws InterruptedException {
    try {
      return maxMessageBytes(admin, topics().images());
    } catch (KafkaException e) {
      if (!(e.getCause() instanceof AuthorizationException)) {
        throw e;
      }
      LOG.debug("No look at the settings of {}", topics().images(), e);
      invocation
          .err()
          .println(
              "surprisal: the broker does not say how large images topic %s takes (it wants the right DescribeConfigs); taken for %d bytes"
                  .formatted(topics().images(), ImageSizeLimit.DEFAULT_BYTES));
      return ImageSizeLimit.DEFAULT.recordBytes();
    }
  }

  /**
   * The partitions of a topic.
   *
   * @throws MissingDependencyException if the topic does not exist
   */
  public List<TopicPartition> partitions(String topic) throws InterruptedException {
    return description(topic).partitions().stream()
        .map(partition -> new TopicPartition(topic, partition.partition()))
        .toList();
  }

  /**
   * What the brokers say of a topic.
   *
   * @throws MissingDependencyException if the topic does not exist
   */
  public TopicDescription description(String topic) throws InterruptedException {
    try (Admin admin = connect()) {
      return Objects.requireNonNull(
              admin.describeTopics(List.of(topic)).topicNameValues().get(topic))
          .get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw noTopic(topic);
      }
      throw new KafkaException("cannot read topic " + topic, e.getCause());
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
