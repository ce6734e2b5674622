package io.surprisal.service.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.system.Records;
import io.surprisal.topology.kafka.StreamSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("system")
@Tag("waiting")
class TemporaryClusterTest {
  private static final Topics TOPICS = new Topics("test.");

  private final String name = "surprisal-test-" + UUID.randomUUID();

  @Test
  void shouldServeTopicsAndLeaveNothingBehind() throws Exception {
    int port;
    try (TemporaryCluster cluster = TemporaryCluster.start(name)) {
      String server = cluster.bootstrapServer();
      port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
      int maxDeadLetterBytes = cluster.createTopics(TOPICS, 3);
      Records.send(server, TOPICS.images(), "image".getBytes(UTF_8));

      assertThat(maxDeadLetterBytes).isEqualTo(ImageSizeLimit.DEFAULT.deadLetterBytes());
      assertThat(partitions(cluster, TOPICS.images())).isEqualTo(3);
      assertThat(partitions(cluster, TOPICS.control())).isEqualTo(1);
      assertThat(Records.read(server, TOPICS.images(), 1)).hasSize(1);
      assertThat(folders()).containsExactly(cluster.folder());
      Files.writeString(
          Files.createDirectory(cluster.folder().resolve("more")).resolve("file"), "left");
    }
    assertThat(folders()).isEmpty();
    requireFree(port);
  }

  @Test
  void shouldGiveEveryStreamAFolderOfItsOwn() throws Exception {
    try (TemporaryCluster cluster = TemporaryCluster.start(name)) {
      StreamSettings first = cluster.streamSettings("first", 2, 1000);
      StreamSettings second = cluster.streamSettings("second", 1, 1000);

      assertThat(first.stateDirectory()).isDirectory().hasParent(cluster.folder());
      assertThat(second.stateDirectory()).isDirectory().isNotEqualTo(first.stateDirectory());
      assertThat(first.bootstrapServers()).isEqualTo(cluster.bootstrapServer());
      assertThat(first.threads()).isEqualTo(2);
      assertThat(first.maxDeadLetterBytes()).isEqualTo(1000);
    }
  }

  @Test
  void shouldDeleteItsFolderWhereTheBrokerCannotStart() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress("localhost", 0));

      assertThatThrownBy(() -> TemporaryCluster.start(name, taken.getLocalPort()))
          .isInstanceOf(MissingDependencyException.class)
          .hasMessageContaining("port " + taken.getLocalPort());
    }
    assertThat(folders()).isEmpty();
  }

  private static int partitions(TemporaryCluster cluster, String topic) throws Exception {
    try (Admin admin = Admin.create(cluster.clients())) {
      return admin
          .describeTopics(List.of(topic))
          .allTopicNames()
          .get()
          .get(topic)
          .partitions()
          .size();
    }
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(path -> path.getFileName().toString().startsWith(name)).toList();
    }
  }

  private static void requireFree(int port) throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress("localhost", port));
    }
  }
}
