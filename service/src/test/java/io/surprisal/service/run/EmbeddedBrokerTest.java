package io.surprisal.service.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("system")
@Tag("waiting")
class EmbeddedBrokerTest {

  @TempDir private Path folder;

  @Test
  void shouldKeepTopicsRecordsAndClusterIdOverARestart() throws Exception {
    String clusterId;
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, "localhost", 0)) {
      String server = broker.bootstrapServer();
      assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
      Records.send(server, "surprisal.scores", "value".getBytes(UTF_8));
      clusterId = clusterId(server);
    }
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, "localhost", 0)) {
      String server = broker.bootstrapServer();

      assertThat(clusterId(server)).isEqualTo(clusterId);
      assertThat(Records.read(server, "surprisal.scores", 1))
          .singleElement()
          .satisfies(record -> assertThat(record.value()).asString().isEqualTo("value"));
    }
  }

  @Test
  void shouldNotShareItsDirectory() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, "localhost", 0)) {
      assertThat(broker.bootstrapServer()).startsWith("localhost:");
      assertThatThrownBy(() -> EmbeddedBroker.start(folder, "localhost", 0))
          .isInstanceOf(MissingDependencyException.class)
          .hasMessageContaining("in use by another broker");
    }
  }

  private static String clusterId(String server) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      return admin.describeCluster().clusterId().get();
    }
  }
}
