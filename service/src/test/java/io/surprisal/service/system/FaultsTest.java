package io.surprisal.service.system;

import static io.surprisal.service.system.ImageLoad.Pictures.PHOTOS;
import static io.surprisal.service.system.ImageLoad.Pictures.SMALL;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole system under load, brokers and scorers in processes of their own, and what can happen
 * to each of them. In the end a verifier that shares no code with the scorers says whether each
 * image has its one answer.
 *
 * <p>At least {@code -Dsurprisal.faults.kills} scorers are killed, and a fifth as many brokers and
 * nodes, at least one. {@code -Dsurprisal.faults.seed} chooses whom it meets, and when: a moment is
 * a number of scores that were written, so that it comes anywhere in a transaction. What happened
 * stands in {@code target/faults.txt}. The folder with all that the processes said stays where a
 * test fails.
 */
@Timeout(1800)
@Tag("system")
class FaultsTest {

  private static final RecordFormat<SourceStatistics> STATISTICS =
      RecordFormat.of(SourceStatistics.class);

  private static final int KILLS = Integer.getInteger("surprisal.faults.kills", 3);
  private static final int BROKER_KILLS = Math.max(1, KILLS / 5);
  private static final long SEED = Long.getLong("surprisal.faults.seed", 1);

  private static final List<String> MEMBERS = List.of("one", "two", "three");
  private static final Path REPORT = Path.of("target", "faults.txt");

  @TempDir private static Path releases;
  private static LoadRelease small;
  private static LoadRelease tiled;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  private final Random random = new Random(SEED);
  private final long start = System.nanoTime();
  private String test;
  private int kills;
  private int mostBetween;

  /** What happens to a stream under load, two of whose scorers run. */
  @FunctionalInterface
  private interface Faults {
    void happen(ScorerGroup scorers, Records.Follower written) throws Exception;
  }

  @BeforeAll
  static void makeReleases() throws IOException {
    small = LoadRelease.whole(releases);
    tiled = LoadRelease.tiled(releases);
  }

  @BeforeEach
  void nameTest(TestInfo info) {
    test = info.getTestMethod().orElseThrow().getName();
  }

  @Test
  void shouldAnswerEachImageOnceThoughScorersAreKilledAndComeAndGo() throws Exception {
    try (CommandProcess broker = broker(0)) {
      String server = broker.awaitServer();
      createTopics(server);
      answerAll(server, SMALL, this::killScorers);
      assertThat(broker.terminate()).isEqualTo(143);
    }
  }

  /** Photos are pending with some of their tiles scored when a scorer is killed. */
  @Test
  void shouldAnswerEachPhotoOnceThoughScorersAreKilledAndComeAndGo() throws Exception {
    try (CommandProcess broker = broker(0)) {
      String server = broker.awaitServer();
      createTopics(server);
      answerAll(server, PHOTOS, this::killScorers);
      assertThat(broker.terminate()).isEqualTo(143);
    }
  }

  private void killScorers(ScorerGroup scorers, Records.Follower written) throws Exception {
    for (int round = 0; kills < KILLS; round++) {
      awaitMore(scorers, written);
      boolean everyone = random.nextInt(4) == 0;
      List<String> killed = everyone ? scorers.running() : List.of(oneOf(scorers.running()));
      for (String member : killed) {
        scorers.kill(member);
        kills++;
      }
      if (!everyone && random.nextBoolean()) {
        awaitMore(scorers, written); // the others have gone on, or taken over
      }
      for (String member : killed) {
        scorers.start(member);
      }
      awaitMore(scorers, written);
      switch (round % 3) {
        case 0 -> scorers.start(oneOf(idle(scorers)));
        case 1 -> scorers.terminate(oneOf(scorers.running()));
        default -> restart(scorers, oneOf(scorers.running()));
      }
    }
  }

  private static void restart(ScorerGroup scorers, String member) throws Exception {
    scorers.terminate(member);
    scorers.start(member);
  }

  @Test
  void shouldAnswerEachImageOnceThoughTheBrokerIsKilled() throws Exception {
    List<CommandProcess> brokers = new ArrayList<>(List.of(broker(0)));
    try {
      String server = brokers.get(0).awaitServer();
      createTopics(server);
      int port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
      answerAll(
          server,
          SMALL,
          (scorers, written) -> {
            for (int kill = 0; kill < BROKER_KILLS; kill++) {
              awaitMore(scorers, written);
              brokers.get(kill).kill();
              kills++;
              brokers.add(broker(port));
              assertThat(brokers.get(kill + 1).awaitServer()).isEqualTo(server);
            }
            awaitMore(scorers, written);
          });
    } finally {
      for (CommandProcess broker : brokers) {
        broker.close();
      }
    }
  }

  @Test
  void shouldAnswerEachImageOnceThoughAClusterOfThreeLosesANode() throws Exception {
    List<Integer> ports = freePorts(6);
    List<CommandProcess> nodes = new ArrayList<>();
    try {
      for (int node = 0; node < 3; node++) {
        nodes.add(ClusterNode.start(folder, node, ports));
      }
      for (CommandProcess node : nodes) {
        node.awaitOut(ClusterNode.READY);
      }
      String servers =
          ports.subList(0, 3).stream()
              .map(port -> "localhost:" + port)
              .collect(Collectors.joining(","));
      createTopics(servers);
      answerAll(
          servers,
          SMALL,
          (scorers, written) -> {
            for (int loss = 0; loss < BROKER_KILLS; loss++) {
              awaitMore(scorers, written);
              int lost = random.nextInt(3);
              nodes.get(lost).kill();
              kills++;
              awaitMore(scorers, written);
              if (loss < BROKER_KILLS - 1) {
                nodes.set(lost, ClusterNode.start(folder, lost, ports));
                awaitAllInSync(servers);
              }
            }
          });
    } finally {
      for (CommandProcess node : nodes) {
        node.close();
      }
    }
  }

  /**
   * Puts two scorers under load, lets the faults happen, and requires that all is as it must be.
   */
  private void answerAll(String servers, ImageLoad.Pictures pictures, Faults faults)
      throws Exception {
    LoadRelease release = pictures == SMALL ? small : tiled;
    mostBetween = pictures.betweenFaults();
    try (ScorerGroup scorers = new ScorerGroup(folder, servers, release);
        Records.Follower written = Records.Follower.ofUncommitted(servers, "surprisal.scores")) {
      scorers.start(MEMBERS.get(0));
      scorers.start(MEMBERS.get(1));
      ImageLoad.Published published;
      try (ImageLoad load = ImageLoad.start(servers, pictures, new Random(SEED))) {
        faults.happen(scorers, written);
        published = load.stop();
      }
      awaitAnswers(servers, scorers);
      await("statistics that count every score once")
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () -> assertThat(counted(servers)).isEqualTo(ledger(servers).scores().size()));
      scorers.requireAlive();
      for (String member : scorers.running()) {
        scorers.terminate(member);
      }
      Ledger ledger = ledger(servers);
      assertThat(Verifier.faults(ledger)).as("after the last scorer's end").isEmpty();
      assertThat(ledger.imagePlaces())
          .as("images that the brokers have acknowledged")
          .containsExactlyInAnyOrderElementsOf(published.places());
      assertThat(ledger.deadLetters())
          .hasSize(published.malformed())
          .noneSatisfy(
              letter ->
                  assertThat(letter.headers().lastHeader("surprisal.reason").value())
                      .asString()
                      .isEqualTo("SCORING_FAILED"));
      assertThat(ledger.alerts()).isNotEmpty();
      report(ledger, scorers.rangesReadAgain());
    }
  }

  private void awaitAnswers(String servers, ScorerGroup scorers) throws Exception {
    try {
      await()
          .atMost(Duration.ofSeconds(120))
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> faultsNow(servers).isEmpty());
    } catch (ConditionTimeoutException e) {
      List<String> faults = faultsNow(servers);
      throw new AssertionError(
          "%d faults, %s; see %s%n%s"
              .formatted(
                  faults.size(),
                  faults.subList(0, Math.min(8, faults.size())),
                  folder,
                  scorers.state()),
          e);
    }
  }

  /** Images that the statistics count, each window as it was told last. */
  private static long counted(String servers) {
    Map<List<Object>, Long> windows = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : Records.read(servers, "surprisal.statistics", 1)) {
      SourceStatistics told = STATISTICS.decode(record.value());
      windows.put(
          List.of(
              told.getSource(),
              told.getOthers(),
              told.getWindowStart(),
              told.getReleaseId(),
              told.getImagesPartition()),
          told.getImages());
    }
    return windows.values().stream().mapToLong(images -> images).sum();
  }

  private static List<String> faultsNow(String servers) throws Exception {
    return Verifier.faults(ledger(servers));
  }

  private static Ledger ledger(String servers) throws Exception {
    return Ledger.read(servers, "surprisal.", ScorerGroup.APPLICATION);
  }

  private void report(Ledger ledger, long rangesReadAgain) throws IOException {
    String line =
        "%s, seed %d, %d kills: %d images, %d scores, %d dead letters, %d alerts; %d times pending images were read again; %d s%n"
            .formatted(
                test,
                SEED,
                kills,
                ledger.images().size(),
                ledger.scores().size(),
                ledger.deadLetters().size(),
                ledger.alerts().size(),
                rangesReadAgain,
                Duration.ofNanos(System.nanoTime() - start).toSeconds());
    Files.writeString(REPORT, line, UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Until some more scores are written than there were: a random moment of the stream. */
  private void awaitMore(ScorerGroup scorers, Records.Follower written) {
    int enough = written.poll().size() + 1 + random.nextInt(mostBetween);
    await()
        .atMost(Duration.ofSeconds(90))
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              scorers.requireAlive();
              return written.poll().size() >= enough;
            });
  }

  private String oneOf(List<String> members) {
    return members.get(random.nextInt(members.size()));
  }

  private static List<String> idle(ScorerGroup scorers) {
    List<String> idle = new ArrayList<>(MEMBERS);
    idle.removeAll(scorers.running());
    return idle;
  }

  private CommandProcess broker(int port) throws IOException {
    return CommandProcess.start(
        folder, "broker", "--port", String.valueOf(port), "--data-dir", folder + "/broker");
  }

  private static void createTopics(String servers) {
    CommandRun topics = CommandRun.of("topics", "--bootstrap-server", servers);
    assertThat(topics.exitCode()).as(topics.err()).isZero();
  }

  private static void awaitAllInSync(String servers) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      await()
          .atMost(Duration.ofSeconds(90))
          .ignoreExceptions()
          .until(
              () ->
                  admin
                      .describeTopics(admin.listTopics().names().get())
                      .allTopicNames()
                      .get()
                      .values()
                      .stream()
                      .flatMap(topic -> topic.partitions().stream())
                      .allMatch(partition -> partition.isr().size() == 3));
    }
  }

  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }
}
