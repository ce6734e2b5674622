package io.surprisal.service.security;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.utils.Time;

/**
 * Kafka as one runs it where others are on the network: TLS, users with passwords (SCRAM), and
 * nothing allowed that no ACL allows. A second listener has a certificate that has expired; a third
 * one, for the test itself, asks for nothing.
 */
final class GuardedBroker implements AutoCloseable {
  private static final String MECHANISM = "SCRAM-SHA-512";

  private final KafkaRaftServer server;
  private final Certificates certificates;
  private final int valid;
  private final int expired;
  private final int own;
  private final Admin admin;

  GuardedBroker(Path folder) throws Exception {
    certificates = new Certificates(Files.createDirectories(folder.resolve("certificates")));
    List<Integer> ports = freePorts(4);
    valid = ports.get(0);
    expired = ports.get(1);
    own = ports.get(2);
    Map<String, String> properties = new HashMap<>();
    properties.put("process.roles", "broker,controller");
    properties.put("node.id", "1");
    properties.put("log.dirs", folder.resolve("data").toString());
    String listeners =
        "VALID://localhost:%d,EXPIRED://localhost:%d,OWN://localhost:%d"
            .formatted(valid, expired, own);
    properties.put("listeners", listeners + ",CONTROLLER://localhost:" + ports.get(3));
    properties.put("advertised.listeners", listeners);
    properties.put("controller.listener.names", "CONTROLLER");
    properties.put("inter.broker.listener.name", "OWN");
    properties.put("controller.quorum.voters", "1@localhost:" + ports.get(3));
    properties.put(
        "listener.security.protocol.map",
        "VALID:SASL_SSL,EXPIRED:SASL_SSL,OWN:PLAINTEXT,CONTROLLER:PLAINTEXT");
    for (String alias : List.of("valid", "expired")) {
      String listener = "listener.name." + alias + ".";
      properties.put(listener + "ssl.keystore.type", "PKCS12");
      properties.put(listener + "ssl.keystore.location", certificates.store(alias).toString());
      properties.put(listener + "ssl.keystore.password", Certificates.PASSWORD);
      properties.put(listener + "ssl.key.password", Certificates.PASSWORD);
      properties.put(listener + "sasl.enabled.mechanisms", MECHANISM);
      properties.put(
          listener + "scram-sha-512.sasl.jaas.config",
          "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    }
    properties.put("authorizer.class.name", RecordingAuthorizer.class.getName());
    properties.put("super.users", "User:ANONYMOUS");
    for (String topic :
        List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
      properties.put(topic + ".replication.factor", "1");
      properties.put(topic + ".num.partitions", "1");
    }
    properties.put("transaction.state.log.min.isr", "1");
    properties.put("share.coordinator.state.topic.min.isr", "1");
    properties.put("group.initial.rebalance.delay.ms", "0");
    properties.put("auto.create.topics.enable", "false");
    properties.put("log.cleaner.dedupe.buffer.size", "2097152");
    properties.put("message.max.bytes", String.valueOf(16 << 20));
    format(folder, properties);
    server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
    server.startup();
    admin = Admin.create(Map.of("bootstrap.servers", ownServer()));
  }

  private static void format(Path folder, Map<String, String> properties) throws IOException {
    Path file = folder.resolve("broker.properties");
    Properties written = new Properties();
    written.putAll(properties);
    try (OutputStream out = Files.newOutputStream(file)) {
      written.store(out, null);
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    String[] line = {
      "format", "--cluster-id", Uuid.randomUuid().toString(), "--config", file.toString()
    };
    try (PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      if (StorageTool.execute(line, out) != 0) {
        throw new IOException(said.toString(StandardCharsets.UTF_8));
      }
    }
  }

  private static List<Integer> freePorts(int count) throws IOException {
    try (ServerSocket one = new ServerSocket(0);
        ServerSocket two = new ServerSocket(0);
        ServerSocket three = new ServerSocket(0);
        ServerSocket four = new ServerSocket(0)) {
      return List.of(
              one.getLocalPort(), two.getLocalPort(), three.getLocalPort(), four.getLocalPort())
          .subList(0, count);
    }
  }

  /** Knows everything and may do everything. */
  Admin admin() {
    return admin;
  }

  /** Gives a user the password that is its name. */
  void addUsers(Collection<String> users) throws Exception {
    admin
        .alterUserScramCredentials(
            users.stream()
                .map(
                    user ->
                        new UserScramCredentialUpsertion(
                            user,
                            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                            user))
                .map(
                    change -> (org.apache.kafka.clients.admin.UserScramCredentialAlteration) change)
                .toList())
        .all()
        .get();
  }

  void allow(Collection<AclBinding> rights) throws Exception {
    admin.createAcls(rights).all().get();
  }

  void forbid(AclBinding right) throws Exception {
    admin.deleteAcls(List.of(right.toFilter())).all().get();
  }

  /** Where the test itself, and nobody else, needs no user. */
  String ownServer() {
    return "localhost:" + own;
  }

  /** Properties of a user's clients, by which its environment is the same. */
  Map<String, Object> client(String user) {
    Map<String, Object> properties = new HashMap<>();
    environment(user)
        .forEach(
            (name, value) ->
                properties.put(
                    name.replaceFirst("SURPRISAL_(KAFKA_)?", "")
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '.'),
                    value));
    properties.put("bootstrap.servers", properties.remove("bootstrap.server"));
    return properties;
  }

  /** Where a client finds the broker; the certificate there holds. */
  String server() {
    return "localhost:" + valid;
  }

  /** Where the certificate has expired. */
  String expiredServer() {
    return "localhost:" + expired;
  }

  /** What a user's environment says, as docs/security.md has it. */
  Map<String, String> environment(String server, String user, String password) {
    return Map.of(
        "SURPRISAL_BOOTSTRAP_SERVER",
        server,
        "SURPRISAL_KAFKA_SECURITY_PROTOCOL",
        "SASL_SSL",
        "SURPRISAL_KAFKA_SASL_MECHANISM",
        MECHANISM,
        "SURPRISAL_KAFKA_SASL_JAAS_CONFIG",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";"
            .formatted(user, password),
        "SURPRISAL_KAFKA_SSL_TRUSTSTORE_TYPE",
        "PKCS12",
        "SURPRISAL_KAFKA_SSL_TRUSTSTORE_LOCATION",
        certificates.trusted().toString(),
        "SURPRISAL_KAFKA_SSL_TRUSTSTORE_PASSWORD",
        Certificates.PASSWORD);
  }

  Map<String, String> environment(String user) {
    return environment(server(), user, user);
  }

  @Override
  public void close() {
    admin.close();
    server.shutdown();
    server.awaitShutdown();
  }
}
