package io.surprisal.service.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import io.surprisal.service.security.RecordingAuthorizer.Asked;
import io.surprisal.service.security.Rights.Right;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import io.surprisal.service.web.Dashboard;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What docs/security.md says, on a broker that lets nobody in without TLS and a password, and lets
 * do nothing without a right. Each role runs with its rights and no others; then the commands that
 * people give are given with one right fewer each time. Scorer and trainer run once: that each of
 * their rights is needed follows from their requests, of which one at least no other right allows.
 */
@Tag("system")
@Tag("waiting")
@Timeout(240)
class GuardedClusterTest {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int SIDE = 28;
  private static final int MOVING = 35;
  private static final int FROZEN = 8;

  /** Who is refused these does without, or asks for less. */
  private static final Set<Asked> ASKED_IN_VAIN =
      Set.of(
          new Asked(AclOperation.IDEMPOTENT_WRITE, ResourceType.CLUSTER, "kafka-cluster"),
          new Asked(AclOperation.CREATE, ResourceType.CLUSTER, "kafka-cluster"),
          new Asked(AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, TOPICS.images()));

  private static final Path DEMO = Path.of("..", "releases", "demo.safetensors");

  @TempDir private static Path folder;
  private static GuardedBroker broker;
  private static Map<String, List<Right>> rights;
  private static final ExecutorService THREADS = Executors.newCachedThreadPool();

  /** Where the image lies that raised an alert. */
  private static Place image;

  private record Place(int partition, long offset) {}

  @BeforeAll
  static void start() throws Exception {
    broker = new GuardedBroker(folder);
    rights = Rights.read(Path.of("..", "docs", "security.md"));
    List<String> users = new ArrayList<>(rights.keySet());
    List<AclBinding> acls = new ArrayList<>();
    rights.forEach(
        (role, all) -> {
          for (Right right : all) {
            acls.add(right.of(role));
          }
          for (int left = 0; left < all.size(); left++) {
            users.add(without(role, left));
            for (int i = 0; i < all.size(); i++) {
              if (i != left) {
                acls.add(all.get(i).of(without(role, left)));
              }
            }
          }
        });
    broker.addUsers(users);
    broker.allow(acls);
  }

  @AfterAll
  static void stop() {
    THREADS.shutdownNow();
    broker.close();
  }

  private static String without(String role, int right) {
    return role + "-" + right;
  }

  private static CommandRun run(String user, String... line) {
    return CommandRun.of(broker.environment(user), new StopSignal(), line);
  }

  private static CommandRun good(String user, String... line) {
    CommandRun run = run(user, line);
    assertThat(run.exitCode()).as(user + " " + Arrays.toString(line) + run.err()).isZero();
    return run;
  }

  /** A command that goes on until it is stopped. */
  private record Running(StopSignal stop, Future<CommandRun> run) implements AutoCloseable {
    static Running of(String user, String... line) {
      StopSignal stop = new StopSignal();
      return new Running(
          stop, THREADS.submit(() -> CommandRun.of(broker.environment(user), stop, line)));
    }

    void requireAlive() {
      assertThat(run).as("ended too early").isNotDone();
    }

    @Override
    public void close() throws Exception {
      stop.request();
      CommandRun ended = run.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended.exitCode()).as(ended.err()).isZero();
    }
  }

  private static Running trainer(String name) {
    return Running.of(
        "trainer",
        "train",
        "--release",
        DEMO.toString(),
        "--through-kafka",
        "--store",
        folder.resolve("store-" + name).toString(),
        "--state-dir",
        folder.resolve("trainer-" + name).toString());
  }

  /**
   * Pictures of a camera that freezes: noise, of which the release knows nothing, and from a moment
   * on the same again and again. Enough of them for the scorer to know what is usual.
   */
  private static Path pictures(String name) throws IOException {
    Path camera = Files.createDirectory(folder.resolve(name));
    Random random = new Random(5);
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    for (int n = 0; n < MOVING + FROZEN; n++) {
      for (int i = 0; n < MOVING && i < SIDE * SIDE; i++) {
        image.getRaster().setSample(i % SIDE, i / SIDE, 0, random.nextInt(256));
      }
      ImageIO.write(image, "png", camera.resolve("%03d.png".formatted(n)).toFile());
    }
    return camera;
  }

  /** Rights of a role for which nothing was asked so far that no other of its rights allows. */
  private static List<Right> unused(String role) {
    Set<Asked> asked = RecordingAuthorizer.allowed(role);
    List<Right> all = rights.getOrDefault(role, List.of());
    return all.stream()
        .filter(
            right ->
                asked.stream()
                    .noneMatch(
                        what ->
                            all.stream()
                                .filter(any -> any.allows(what))
                                .toList()
                                .equals(List.of(right))))
        .toList();
  }

  private static void awaitUse(String role, Running process) {
    await("all rights of the " + role)
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              process.requireAlive();
              assertThat(unused(role)).isEmpty();
            });
  }

  @Test
  void shouldLetEachRoleDoItsWorkWithItsRightsAndNoneFewer() throws Exception {
    assertThat(rights.keySet())
        .containsExactly("setup", "publisher", "scorer", "trainer", "steering", "reader");
    good("setup", "topics");
    String camera = pictures("camera").toString();
    String alertId;
    try (Running scorer =
        Running.of(
            "scorer",
            "score",
            "--frozen-after",
            "4",
            "--state-dir",
            folder.resolve("scorer").toString())) {
      try (Running first = trainer("first")) {
        good("publisher", "publish", camera, "--source", "camera", "--key", "source");
        Records.send(broker.ownServer(), TOPICS.images(), new byte[] {1, 2, 3});
        alertId = alertId();
        good("steering", "review", alertId, "--confirm");
        good("steering", "alert-rate", "0.02");
        first.requireAlive();
      }
      // Another release serves, so that the one of before can be tried beside it.
      Path file = folder.resolve("other.safetensors");
      Release other =
          Release.untrained(
              file, FitConfiguration.named("tiny").model(new ImageShape(1, SIDE, SIDE)), 1);
      DirectAnnouncement.of(
          file,
          other,
          folder.resolve("store-other"),
          Map.of("bootstrap.servers", broker.ownServer()),
          TOPICS,
          "test");
      try (Running second = trainer("second")) {
        good("steering", "canary", Release.load(DEMO).id(), "--share", "1");
        good("steering", "review", alertId, "--unsure");
        awaitUse("trainer", second);
        awaitUse("scorer", scorer);
      }
    }
    look();
    for (String role : rights.keySet()) {
      assertThat(unused(role)).as(role + " has no use for").isEmpty();
      assertThat(RecordingAuthorizer.denied(role)).as(role + " lacks").isSubsetOf(ASKED_IN_VAIN);
    }
    requireRefusals(camera, alertId);
  }

  private static String alertId() throws IOException {
    Pattern id = Pattern.compile("\"alertId\":\"([0-9a-f]{32})\"");
    String out =
        good("reader", "alerts", "--from-beginning", "--max", "1", "--timeout", "90s", "--json")
            .out();
    Matcher found = id.matcher(out);
    assertThat(found.find()).as("the noise raised an alert").isTrue();
    JsonNode location = Json.MAPPER.readTree(out).get("location");
    image = new Place(location.get("partition").asInt(), location.get("offset").asLong());
    return found.group(1);
  }

  /** All that a reader reads, by the topic that it is for. */
  private static Map<String, String[]> looks() {
    String[] once = {"--from-beginning", "--max", "1", "--timeout", "30s"};
    Map<String, String[]> commands = new LinkedHashMap<>();
    commands.put(TOPICS.scores(), joined("scores", once));
    commands.put(TOPICS.alerts(), joined("alerts", once));
    commands.put(TOPICS.sourceAlerts(), joined("alerts", joined("--sources", once)));
    commands.put(TOPICS.statistics(), joined("statistics", once));
    commands.put(TOPICS.trainer(), joined("trainer", once));
    commands.put(TOPICS.deadLetters(), joined("dead-letters", once));
    commands.put(TOPICS.incidents(), new String[] {"incidents"});
    commands.put(TOPICS.sources(), new String[] {"sources"});
    commands.put(TOPICS.releases(), new String[] {"releases"});
    commands.put(TOPICS.reviews(), new String[] {"review", "--summary"});
    return commands;
  }

  private static String[] joined(String first, String... more) {
    String[] all = new String[more.length + 1];
    all[0] = first;
    System.arraycopy(more, 0, all, 1, more.length);
    return all;
  }

  private static void look() throws Exception {
    looks().values().forEach(line -> good("reader", line));
    assertThat(pictureStatus("reader")).isEqualTo(200);
  }

  /** How a page that a user runs answers when it is asked for the image. */
  private static int pictureStatus(String user) throws Exception {
    try (Dashboard page =
        Dashboard.start(
            broker.client(user), TOPICS, Dashboard.Access.ofThisMachine(user), Optional.empty())) {
      URI picture =
          URI.create(page.address() + "api/pictures/" + image.partition() + "/" + image.offset());
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(picture).build(), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  /** What a role does for which it needs a right, by the topic that it is for. */
  private static String[] needing(String role, String topic, String camera, String alertId) {
    return switch (role) {
      case "setup" -> new String[] {"topics", "--topic-prefix", "surprisal.others."};
      case "publisher" -> new String[] {"publish", camera, "--source", "camera"};
      case "steering" ->
          topic.equals(TOPICS.control()) || topic.equals(TOPICS.trainer())
              ? new String[] {"alert-rate", "0.03", "--timeout", "5s"}
              : new String[] {"review", alertId, "--confirm"};
      default -> Objects.requireNonNull(looks().get(topic));
    };
  }

  private static void requireRefusals(String camera, String alertId) throws Exception {
    Map<String, Future<CommandRun>> runs = new LinkedHashMap<>();
    for (String role : List.of("setup", "publisher", "steering", "reader")) {
      List<Right> all = rights.getOrDefault(role, List.of());
      for (int i = 0; i < all.size(); i++) {
        String user = without(role, i);
        String topic = all.get(i).resource().name();
        if (role.equals("reader") && topic.equals(TOPICS.images())) {
          assertThat(pictureStatus(user)).isNotEqualTo(200);
        } else {
          String[] line = needing(role, topic, camera, alertId);
          runs.put(role + " without " + all.get(i), THREADS.submit(() -> run(user, line)));
        }
      }
    }
    for (Map.Entry<String, Future<CommandRun>> run : runs.entrySet()) {
      CommandRun ended = run.getValue().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended.exitCode()).as(run.getKey() + ": " + ended.out()).isEqualTo(1);
      assertThat(ended.err()).as(run.getKey()).contains("the broker refuses", "docs/security.md");
    }
  }

  /** Each image has its one answer after all, though the right was taken with images at work. */
  @Test
  void shouldEndForWantOfARightAndGoOnWithItWhereItWas() throws Exception {
    Right images =
        rights.get("scorer").stream()
            .filter(right -> right.resource().name().equals(TOPICS.images()))
            .findFirst()
            .orElseThrow();
    String pictures = pictures("right").toString();
    good("setup", "topics");
    broker.addUsers(List.of("lender"));
    broker.allow(rights.get("scorer").stream().map(right -> right.of("lender")).toList());
    try (Records.Follower scores = new Records.Follower(broker.ownServer(), TOPICS.scores())) {
      StopSignal stop = new StopSignal();
      Future<CommandRun> scorer = lender(stop);
      int before = scores.poll().size();
      good("publisher", "publish", pictures, "--source", "right");
      await().atMost(PATIENCE).until(() -> scores.poll().size() > before);
      broker.forbid(images.of("lender"));
      good("publisher", "publish", pictures, "--source", "right-later");
      CommandRun ended = scorer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended.exitCode()).isEqualTo(1);
      assertThat(ended.err()).contains("the broker refuses", TOPICS.images(), "docs/security.md");
      broker.allow(List.of(images.of("lender")));
      Future<CommandRun> again = lender(stop);
      await("each image has its answer")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(
                          Verifier.faults(
                              Ledger.read(broker.ownServer(), TOPICS.prefix(), "surprisal-score")))
                      .isEmpty());
      stop.request();
      assertThat(again.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).exitCode()).isZero();
    }
  }

  private static Future<CommandRun> lender(StopSignal stop) {
    return THREADS.submit(
        () ->
            CommandRun.of(
                broker.environment("lender"),
                stop,
                "score",
                "--release",
                DEMO.toString(),
                "--kafka",
                "session.timeout.ms=6000",
                "--kafka",
                "heartbeat.interval.ms=1000",
                "--state-dir",
                folder.resolve("lender").toString()));
  }

  private static void requireOneLine(Map<String, String> environment, String... said) {
    CommandRun run = CommandRun.of(environment, new StopSignal(), "releases");
    assertThat(run.exitCode()).isIn(1, 3);
    assertThat(run.errLines()).singleElement().asString().contains(said);
  }

  @Test
  void shouldSayInOneLineWhyNobodyGetsIn() {
    requireOneLine(
        broker.environment(broker.server(), "reader", "wrong"),
        "invalid credentials",
        "sasl.jaas.config");
    requireOneLine(
        broker.environment(broker.expiredServer(), "reader", "reader"),
        "the broker's certificate has expired",
        "renew it");
    requireOneLine(
        Map.of("SURPRISAL_BOOTSTRAP_SERVER", broker.server()),
        "speaks TLS, and security.protocol is PLAINTEXT",
        "SASL_SSL");
    Map<String, String> trusting = new HashMap<>(broker.environment("reader"));
    trusting.keySet().removeIf(name -> name.contains("TRUSTSTORE"));
    requireOneLine(trusting, "signed by nobody whom this machine trusts", "ssl.truststore");
  }
}
