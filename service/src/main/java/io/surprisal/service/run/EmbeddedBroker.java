package io.surprisal.service.run;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.service.cli.DirectoryLock;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.WritableDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import javax.management.JMException;
import javax.management.ObjectName;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.utils.Time;

/**
 * A Kafka cluster of one node in this JVM: broker and KRaft controller in one, for trying things
 * out and for small installations. Its data directory survives restarts and belongs to one broker
 * at a time. Its threads end with {@link #close}.
 */
public final class EmbeddedBroker implements AutoCloseable {

  private static final int NODE_ID = 1;

  /** Kafka writes it last, and deletes it on start. */
  private static final String CLEAN_SHUTDOWN = ".kafka_cleanshutdown";

  private static final Duration FENCING_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration FENCING_POLL = Duration.ofMillis(50);

  private final String bootstrapServer;
  private final KafkaRaftServer server;
  private final DirectoryLock lock;

  private EmbeddedBroker(String bootstrapServer, KafkaRaftServer server, DirectoryLock lock) {
    this.bootstrapServer = bootstrapServer;
    this.server = server;
    this.lock = lock;
  }

  /**
   * Starts a broker and returns when clients can use it.
   *
   * @param host what clients reach it by; a loopback name binds it to that, any other to all
   *     interfaces
   * @param port 0: any free one
   * @throws MissingDependencyException if the port is taken, the host unknown, or the directory
   *     cannot be written or belongs to a running broker
   * @throws IOException if the directory's contents cannot be read, or a broker that was killed
   *     there is not given up
   */
  public static EmbeddedBroker start(Path dataDirectory, String host, int port) throws IOException {
    WritableDirectory.require(dataDirectory, "--data-dir");
    InetAddress address = resolve(host);
    String bindHost = address.isLoopbackAddress() ? host : "0.0.0.0";
    DirectoryLock lock = lock(dataDirectory);
    try {
      int brokerPort = freePort(bindHost, port);
      int controllerPort = otherFreePort(brokerPort);
      Map<String, String> properties = new HashMap<>();
      properties.put("process.roles", "broker,controller");
      properties.put("node.id", String.valueOf(NODE_ID));
      properties.put("log.dirs", dataDirectory.toAbsolutePath().toString());
      properties.put(
          "listeners",
          "PLAINTEXT://"
              + bindHost
              + ":"
              + brokerPort
              + ",CONTROLLER://localhost:"
              + controllerPort);
      properties.put("advertised.listeners", "PLAINTEXT://" + host + ":" + brokerPort);
      properties.put("controller.listener.names", "CONTROLLER");
      properties.put("controller.quorum.voters", NODE_ID + "@localhost:" + controllerPort);
      properties.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
      for (String topic :
          new String[] {
            "offsets.topic", "transaction.state.log", "share.coordinator.state.topic"
          }) {
        properties.put(topic + ".replication.factor", "1");
        properties.put(topic + ".num.partitions", "4");
      }
      properties.put("transaction.state.log.min.isr", "1");
      properties.put("share.coordinator.state.topic.min.isr", "1");
      properties.put("group.initial.rebalance.delay.ms", "0");
      properties.put("group.min.session.timeout.ms", "1000");
      properties.put("auto.create.topics.enable", "false");
      // Of topics that others make; Surprisal's own say what they take.
      properties.put("message.max.bytes", String.valueOf(ImageSizeLimit.DEFAULT.deadLetterBytes()));
      properties.put("num.network.threads", "2");
      properties.put("num.io.threads", "4");
      properties.put("background.threads", "2");
      // Records that say nothing, for quorums; twice a second by default.
      properties.put("metadata.max.idle.interval.ms", "5000");
      // The default takes 128 MB of heap.
      properties.put("log.cleaner.dedupe.buffer.size", "2097152");
      format(dataDirectory, properties);
      if (wasKilled(dataDirectory)) {
        fenceKilledBroker(properties, controllerPort);
      }
      KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
      try {
        server.startup();
      } catch (RuntimeException e) {
        server.shutdown();
        freePort(bindHost, port); // says so where another took the port in the meantime
        throw e;
      }
      return new EmbeddedBroker(host + ":" + brokerPort, server, lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** {@code host:port} for clients. */
  public String bootstrapServer() {
    return bootstrapServer;
  }

  /** Ends the broker; its data stay. */
  @Override
  public void close() throws IOException {
    try (lock) {
      server.shutdown();
      server.awaitShutdown();
    }
  }

  /** Whether a broker that knew transactions ended here without a clean shutdown. */
  private static boolean wasKilled(Path directory) {
    return Files.exists(directory.resolve(Topic.TRANSACTION_STATE_TOPIC_NAME + "-0"))
        && !Files.exists(directory.resolve(CLEAN_SHUTDOWN));
  }

  /**
   * Lets the controller alone see that the killed broker is gone. Otherwise the new broker begins
   * as the leader that the killed one was, is fenced seconds later when that one's session ends,
   * and in that moment may end a prepared transaction without its markers (KAFKA-20734): its
   * offsets are lost, and its records become part of the same producer's next transaction.
   */
  private static void fenceKilledBroker(Map<String, String> combined, int controllerPort)
      throws IOException {
    Map<String, String> properties = new HashMap<>(combined);
    properties.put("process.roles", "controller");
    properties.put("listeners", "CONTROLLER://localhost:" + controllerPort);
    properties.remove("advertised.listeners");
    properties.put("broker.heartbeat.interval.ms", "100");
    properties.put("broker.session.timeout.ms", "500");
    KafkaRaftServer controller = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
    try {
      controller.startup();
      awaitFencedBroker();
    } finally {
      controller.shutdown();
      controller.awaitShutdown();
    }
  }

  /** Kafka tells it by a metric, which the controllers of a JVM share: one at a time. */
  private static void awaitFencedBroker() throws IOException {
    long deadline = System.nanoTime() + FENCING_TIMEOUT.toNanos();
    try {
      ObjectName fencedBrokers =
          new ObjectName("kafka.controller:type=KafkaController,name=FencedBrokerCount");
      while (!Integer.valueOf(1)
          .equals(
              ManagementFactory.getPlatformMBeanServer().getAttribute(fencedBrokers, "Value"))) {
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "the broker that was killed here is not given up within "
                  + FENCING_TIMEOUT.toSeconds()
                  + " s; name another --data-dir if that remains so");
        }
        Thread.sleep(FENCING_POLL.toMillis());
      }
    } catch (JMException e) {
      throw new IOException("the controller does not say which brokers it sees", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the broker started", e);
    }
  }

  /** Gives a new directory its cluster id; a formatted one keeps its own. */
  private static void format(Path directory, Map<String, String> properties) throws IOException {
    Path file = directory.resolve("broker.properties");
    Properties written = new Properties();
    written.putAll(properties);
    try (OutputStream out = Files.newOutputStream(file)) {
      written.store(out, "Written at each start of the embedded broker");
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      String[] arguments = {
        "format",
        "--ignore-formatted",
        "--cluster-id",
        clusterId(directory),
        "--config",
        file.toString()
      };
      if (StorageTool.execute(arguments, out) != 0) {
        throw new IOException(
            "cannot prepare the data directory "
                + directory
                + ": "
                + said.toString(StandardCharsets.UTF_8));
      }
    } catch (RuntimeException | ExceptionInInitializerError e) {
      throw new IOException(
          "the data directory " + directory + " is damaged: " + e.getMessage(), e);
    }
  }

  private static String clusterId(Path directory) throws IOException {
    Path meta = directory.resolve("meta.properties");
    if (!Files.exists(meta)) {
      return Uuid.randomUuid().toString();
    }
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(meta)) {
      properties.load(in);
    }
    return properties.getProperty("cluster.id", Uuid.randomUuid().toString());
  }

  private static DirectoryLock lock(Path directory) throws IOException {
    return DirectoryLock.take(
        directory,
        "broker.lock",
        "the data directory "
            + directory.toAbsolutePath()
            + " is in use by another broker; stop that one or name another with --data-dir");
  }

  private static InetAddress resolve(String host) {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new MissingDependencyException(
          "the host '" + host + "' is not known; name another with --host", e);
    }
  }

  /** A free port is nobody's until it is bound: the same one may be found twice. */
  private static int otherFreePort(int taken) throws IOException {
    int port = taken;
    while (port == taken) {
      port = freePort("localhost", 0);
    }
    return port;
  }

  private static int freePort(String host, int port) throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
      return socket.getLocalPort();
    } catch (java.net.BindException e) {
      throw new MissingDependencyException(
          "port " + port + " of " + host + " is taken or not allowed; name another with --port", e);
    }
  }
}
