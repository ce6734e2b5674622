package io.surprisal.service.system;

import io.surprisal.service.cli.Logs;
import io.surprisal.service.run.EmbeddedBroker;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.utils.Time;

/**
 * One of the nodes of a cluster, in a process of its own: broker and controller, each partition on
 * all nodes and writable while two have it. {@link EmbeddedBroker} is no such node.
 */
final class ClusterNode {

  static final String READY = "Node ready";
  private static final String CLUSTER_ID = "c3VycHJpc2FsLXRlc3Rzcw";

  private ClusterNode() {}

  /** Starts one in a process. */
  static CommandProcess start(Path folder, int node, List<Integer> ports) throws IOException {
    return CommandProcess.start(
        folder,
        ClusterNode.class,
        String.valueOf(node),
        folder.resolve("node-" + node).toString(),
        ports.stream().map(String::valueOf).collect(Collectors.joining(",")));
  }

  /**
   * Starts one that is a cluster by itself, and that clients reach at another port than its own. It
   * forgets transactional ids that have not been used for seconds, as others do after a week.
   */
  static CommandProcess startAlone(Path folder, int broker, int controller, int advertised)
      throws IOException {
    return CommandProcess.start(
        folder,
        ClusterNode.class,
        "0",
        folder.resolve("node").toString(),
        broker + "," + controller,
        String.valueOf(advertised));
  }

  /**
   * @param arguments number of the node from 0, its data directory, ports of all nodes: those of
   *     their brokers, then those of their controllers; where there is a fourth, the port that
   *     clients are told of
   */
  public static void main(String[] arguments) throws Exception {
    Logs.NORMAL.configure(Logs.Format.TEXT);
    int node = Integer.parseInt(arguments[0]);
    Path directory = Files.createDirectories(Path.of(arguments[1]));
    String[] ports = arguments[2].split(",");
    int nodes = ports.length / 2;
    Properties properties = new Properties();
    properties.put("process.roles", "broker,controller");
    properties.put("node.id", String.valueOf(node));
    properties.put("log.dirs", directory.toString());
    properties.put(
        "listeners",
        "PLAINTEXT://localhost:%s,CONTROLLER://localhost:%s"
            .formatted(ports[node], ports[nodes + node]));
    if (arguments.length > 3) {
      properties.put("advertised.listeners", "PLAINTEXT://localhost:" + arguments[3]);
      properties.put("transactional.id.expiration.ms", "5000");
      properties.put("transaction.remove.expired.transaction.cleanup.interval.ms", "1000");
    }
    properties.put("controller.listener.names", "CONTROLLER");
    properties.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    properties.put(
        "controller.quorum.voters",
        IntStream.range(0, nodes)
            .mapToObj(other -> other + "@localhost:" + ports[nodes + other])
            .collect(Collectors.joining(",")));
    properties.put("default.replication.factor", String.valueOf(nodes));
    properties.put("min.insync.replicas", String.valueOf((nodes + 1) / 2));
    properties.put("offsets.topic.replication.factor", String.valueOf(nodes));
    properties.put("offsets.topic.num.partitions", "4");
    properties.put("transaction.state.log.replication.factor", String.valueOf(nodes));
    properties.put("transaction.state.log.min.isr", String.valueOf((nodes + 1) / 2));
    properties.put("transaction.state.log.num.partitions", "4");
    properties.put("broker.session.timeout.ms", "4000");
    properties.put("broker.heartbeat.interval.ms", "500");
    properties.put("group.initial.rebalance.delay.ms", "0");
    properties.put("group.min.session.timeout.ms", "1000");
    properties.put("auto.create.topics.enable", "false");
    properties.put("log.cleaner.dedupe.buffer.size", "2097152");
    Path file = directory.resolve("node.properties");
    try (OutputStream out = Files.newOutputStream(file)) {
      properties.store(out, "A node of a test's cluster");
    }
    String[] format = {
      "format", "--ignore-formatted", "--cluster-id", CLUSTER_ID, "--config", file.toString()
    };
    if (StorageTool.execute(format, System.err) != 0) {
      throw new IOException("cannot prepare " + directory);
    }
    KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
    server.startup();
    System.out.println(READY);
    server.awaitShutdown();
  }
}
