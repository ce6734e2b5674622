package io.surprisal.service.run;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.TemporaryFolder;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;

/**
 * A Kafka cluster that lives as long as a command: an embedded broker, and a temporary folder for
 * its data and all else that the command writes. Whoever uses the cluster ends first; {@link
 * #close} then ends the broker and deletes the folder.
 */
public final class TemporaryCluster implements AutoCloseable {
  private static final String HOST = "localhost";
  private static final int ANY_PORT = 0;

  private final TemporaryFolder folder;
  private final EmbeddedBroker broker;

  private TemporaryCluster(TemporaryFolder folder, EmbeddedBroker broker) {
    this.folder = folder;
    this.broker = broker;
  }

  /**
   * Starts the cluster at any free port, and returns when clients can use it.
   *
   * @param name what the folder's name begins with
   */
  public static TemporaryCluster start(String name) throws IOException {
    return start(name, ANY_PORT);
  }

  /**
   * Starts the cluster and returns when clients can use it.
   *
   * @param name what the folder's name begins with
   * @param port 0: any free one
   * @throws MissingDependencyException if the port is taken; nothing is left behind then
   */
  public static TemporaryCluster start(String name, int port) throws IOException {
    TemporaryFolder folder = TemporaryFolder.create(name);
    try {
      return new TemporaryCluster(
          folder, EmbeddedBroker.start(folder.path().resolve("broker"), HOST, port));
    } catch (IOException | RuntimeException e) {
      try (folder) {
        throw e;
      }
    }
  }

  /** {@code host:port} for clients. */
  public String bootstrapServer() {
    return broker.bootstrapServer();
  }

  /** What Kafka clients need to know of the cluster. */
  public Map<String, Object> clients() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServer());
  }

  /** Takes what the command writes; deleted with the cluster. */
  public Path folder() {
    return folder.path();
  }

  /**
   * Creates all topics of a prefix, as an unconfigured system has them.
   *
   * @param partitions of those that grow with the stream of images
   * @return largest record batch that the dead-letters topic takes, bytes
   */
  public int createTopics(Topics topics, int partitions) {
    try (Admin admin = Admin.create(clients())) {
      TopicSetup setup = new TopicSetup(admin);
      setup.apply(TopicSettings.all(topics, partitions, ImageSizeLimit.DEFAULT));
      return setup.maxMessageBytes(topics.deadLetters());
    }
  }

  /**
   * How a stream runs on this cluster, with its state in a folder of its own.
   *
   * @param applicationId consumer group
   * @param threads stream threads, at least 1
   * @param maxDeadLetterBytes as {@link #createTopics} returns it
   */
  public StreamSettings streamSettings(String applicationId, int threads, int maxDeadLetterBytes)
      throws IOException {
    return new StreamSettings(
        applicationId,
        bootstrapServer(),
        Files.createDirectories(folder().resolve("state-" + applicationId)),
        threads,
        Optional.empty(),
        maxDeadLetterBytes,
        Map.of());
  }

  /** Ends the broker and deletes the folder, even where the broker does not end in order. */
  @Override
  public void close() throws IOException {
    try (folder) {
      broker.close();
    }
  }
}
