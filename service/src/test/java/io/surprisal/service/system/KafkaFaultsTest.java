package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What happens to the broker, to the way to it, and to its topics, while images come: each has one
 * answer, or the member ends and says why and what to do.
 */
@Tag("system")
@Tag("waiting")
@Timeout(240)
class KafkaFaultsTest {
  private static final String APPLICATION = "kafka-faults";
  private static final String IMAGES = "surprisal.images";

  /** Each image writes into it. */
  private static final String STORE = "windows";

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int SOME = 60;
  private static final int FEW = 5;

  /** A stream commits twice a second and more, but in a rebalance. */
  private static final Duration COMMITTED_LONG_BEFORE = Duration.ofSeconds(3);

  /** Answers at once: what is slow here is the way to the broker. */
  private static final ScoringQueue QUEUE =
      image -> CompletableFuture.completedFuture(BatchingMember.likelihood(image));

  @TempDir private Path folder;
  private TcpProxy network;
  private CommandProcess broker;
  private String server;

  @BeforeEach
  void startBroker() throws Exception {
    List<ServerSocket> free = new ArrayList<>(List.of(new ServerSocket(0), new ServerSocket(0)));
    List<Integer> ports = free.stream().map(ServerSocket::getLocalPort).toList();
    for (ServerSocket socket : free) {
      socket.close();
    }
    network = new TcpProxy(ports.get(0));
    broker = ClusterNode.startAlone(folder, ports.get(0), ports.get(1), network.port());
    broker.awaitOut(ClusterNode.READY);
    server = "localhost:" + network.port();
    CommandRun topics = CommandRun.of("topics", "--bootstrap-server", server);
    assertThat(topics.exitCode()).as(topics.err()).isZero();
  }

  @AfterEach
  void stop() throws Exception {
    network.close();
    broker.close();
  }

  private ScoringStream member(String name, Map<String, String> kafka) throws IOException {
    Map<String, String> all = new HashMap<>(BatchingMember.QUICK_TAKEOVER);
    all.putAll(kafka);
    Path own = Files.createDirectories(folder.resolve(name));
    ScoringStream stream = BatchingMember.stream(server, APPLICATION, own, QUEUE, all);
    stream.start();
    return stream;
  }

  private static void awaitMore(Records.Follower scores, ScoringStream member) {
    int enough = scores.poll().size() + SOME;
    await()
        .atMost(PATIENCE)
        .failFast("the member stopped", () -> member.failure().isPresent())
        .until(() -> scores.poll().size() >= enough);
  }

  private void requireOneAnswerEach(ImageLoad.Published... published) {
    await("each image has its answer")
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(Verifier.faults(ledger())).isEmpty());
    assertThat(ledger().imagePlaces())
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(published).flatMap(load -> load.places().stream()).toList());
    assertThat(ledger().deadLetters())
        .hasSize(Stream.of(published).mapToInt(ImageLoad.Published::malformed).sum());
  }

  private Ledger ledger() {
    try {
      return Ledger.read(server, "surprisal.", APPLICATION);
    } catch (Exception e) {
      throw new IllegalStateException("the topics cannot be read", e);
    }
  }

  @Test
  void shouldAnswerEachImageOnceOverANetworkThatIsSlowAndIsCut() throws Exception {
    try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(1));
        Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        ScoringStream member = member("member", Map.of())) {
      awaitMore(scores, member);
      network.delay(150);
      awaitMore(scores, member);
      network.delay(0);
      network.cut();
      await().atMost(PATIENCE).until(() -> network.refused() > 30);
      network.heal();
      awaitMore(scores, member);
      requireOneAnswerEach(load.stop());
      assertThat(member.failure()).isEmpty();
    }
  }

  /** A plant that stands still for a week, by the defaults. */
  @Test
  void shouldGoOnAfterTheBrokerHasForgottenItsTransactionsForWantOfImages() throws Exception {
    try (Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        Admin admin = Admin.create(Map.of("bootstrap.servers", server));
        ScoringStream member = member("member", Map.of())) {
      ImageLoad.Published before;
      try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(6))) {
        awaitMore(scores, member);
        before = load.stop();
      }
      requireOneAnswerEach(before);
      await("the broker has forgotten the member's transactions")
          .atMost(PATIENCE)
          .until(() -> admin.listTransactions().all().get().isEmpty());
      try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(7))) {
        awaitMore(scores, member);
        requireOneAnswerEach(before, load.stop());
      }
      assertThat(member.failure()).isEmpty();
    }
  }

  /** The member cannot keep what is pending of a partition that its changelog does not have. */
  @Test
  void shouldGoOnWithPartitionsThatWereAddedOnceItsChangelogsHaveThemToo() throws Exception {
    try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(2));
        Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      int before;
      try (ScoringStream member = member("member", Map.of("metadata.max.age.ms", "1000"))) {
        awaitMore(scores, member);
        before = partitions(admin);
        add(admin, IMAGES, before + 2);
        await().atMost(PATIENCE).until(() -> member.failure().isPresent());
        assertThat(member.failure().get())
            .hasMessageContaining("partitions since some were added")
            .hasMessageContaining("kafka-topics.sh --alter --topic " + APPLICATION + "-")
            .hasMessageContaining("--partitions " + (before + 2));
      }
      for (String store : List.of("pending", "windows", "open-incidents")) {
        add(admin, APPLICATION + "-" + store + "-changelog", before + 2);
      }
      try (ScoringStream member = member("member", Map.of("metadata.max.age.ms", "1000"))) {
        awaitMore(scores, member);
        requireOneAnswerEach(load.stop());
        assertThat(member.failure()).isEmpty();
      }
    }
  }

  private static int partitions(Admin admin) throws Exception {
    return admin
        .describeTopics(List.of(IMAGES))
        .allTopicNames()
        .get()
        .get(IMAGES)
        .partitions()
        .size();
  }

  private static void add(Admin admin, String topic, int count) throws Exception {
    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(count))).all().get();
  }

  @Test
  void shouldEndWhereAnotherMemberHasItsNameAndLetThatOneAnswerEachImageOnce() throws Exception {
    try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(3));
        Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        ScoringStream first = member("first", Map.of("main.consumer.group.instance.id", "one"))) {
      awaitMore(scores, first);
      try (ScoringStream second =
          member("second", Map.of("main.consumer.group.instance.id", "one"))) {
        await().atMost(PATIENCE).until(() -> first.failure().isPresent());
        assertThat(first.failure().get()).hasMessageContaining("--instance-id");
        awaitMore(scores, second);
        requireOneAnswerEach(load.stop());
        assertThat(second.failure()).isEmpty();
      }
    }
  }

  /**
   * Kafka Streams aborts the transaction of all tasks of a thread where it closes one, and commits
   * the others before that only where no rebalance is under way. Here one is, since a member does
   * not rejoin.
   */
  @Test
  void shouldAnswerEachImageOnceThoughTheStateOfATaskIsCorruptedInARebalance() throws Exception {
    UnreliableClients slow = clients("slow");
    UnreliableClients corrupted = clients("corrupted");
    corrupted.holdRestoration();
    try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(6));
        Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        ScoringStream first = member("slow", slow)) {
      awaitMore(scores, first);
      await("something to restore").atMost(PATIENCE).until(this::eachTaskHasState);
      try (ScoringStream second = member("corrupted", corrupted)) {
        awaitScored(second, FEW);
        slow.standStill();
        try (ScoringStream third = member("third", clients("third"))) {
          await("a rebalance that the slow member delays")
              .atMost(PATIENCE)
              .until(() -> corrupted.uncommitted().compareTo(COMMITTED_LONG_BEFORE) > 0);
          corrupted.corrupt();
          await().atMost(PATIENCE).until(() -> corrupted.corruptions() > 0);
          awaitScored(second, FEW);
          corrupted.restore();
          slow.goOn();
          await("the loss is noticed").atMost(PATIENCE).until(() -> corrupted.refusals() > 0);
        } finally {
          slow.goOn();
        }
        awaitMore(scores, second);
        requireOneAnswerEach(load.stop());
        assertThat(List.of(first.failure(), second.failure())).allMatch(Optional::isEmpty);
      }
    }
  }

  private boolean eachTaskHasState() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      Map<TopicPartition, OffsetSpec> changelogs = new HashMap<>();
      for (int partition = 0; partition < partitions(admin); partition++) {
        changelogs.put(
            new TopicPartition(APPLICATION + "-" + STORE + "-changelog", partition),
            OffsetSpec.latest());
      }
      return admin
          .listOffsets(changelogs, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
          .all()
          .get()
          .values()
          .stream()
          .allMatch(end -> end.offset() > 0);
    }
  }

  private static void awaitScored(ScoringStream member, int more) {
    long enough = member.counts().scored() + more;
    await().atMost(PATIENCE).until(() -> member.counts().scored() >= enough);
  }

  private UnreliableClients clients(String name) {
    return new UnreliableClients(settings(name), STORE);
  }

  private StreamSettings settings(String name) {
    Map<String, String> kafka = new HashMap<>(BatchingMember.QUICK_TAKEOVER);
    kafka.put("transaction.timeout.ms", "60000");
    return BatchingMember.settings(server, APPLICATION, folder.resolve(name), 1, kafka);
  }

  private ScoringStream member(String name, UnreliableClients clients) throws IOException {
    Path own = Files.createDirectories(folder.resolve(name));
    ScoringStream stream =
        new ScoringStream(BatchingMember.topology(own, QUEUE), settings(name), clients);
    stream.start();
    return stream;
  }

  /**
   * The stream ends; what to do is its user's to say, since images may have been lost. It leaves
   * its group, so that nobody waits for its session of a minute.
   */
  @Test
  void shouldSayThatTheImagesAreOthersWhereTheirTopicWasMadeAnew() throws Exception {
    try (Records.Follower scores = new Records.Follower(server, "surprisal.scores");
        Admin admin = Admin.create(Map.of("bootstrap.servers", server));
        ScoringStream member =
            member(
                "member", Map.of("metadata.max.age.ms", "1000", "session.timeout.ms", "60000"))) {
      int partitions;
      try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(4))) {
        awaitMore(scores, member);
        load.stop();
      }
      partitions = partitions(admin);
      admin.deleteTopics(List.of(IMAGES)).all().get();
      await().atMost(PATIENCE).until(() -> !admin.listTopics().names().get().contains(IMAGES));
      admin.createTopics(List.of(new NewTopic(IMAGES, partitions, (short) 1))).all().get();
      // What it publishes is not waited for: a broker that has not removed the old topic refuses
      // it.
      try (ImageLoad load = ImageLoad.start(server, ImageLoad.Pictures.SMALL, new Random(5))) {
        await().atMost(PATIENCE).until(() -> member.failure().isPresent());
        assertThat(member.failure().get())
            .isInstanceOf(ImagesLostException.class)
            .hasMessageContaining("--application-id");
        await("it has left its group")
            .atMost(Duration.ofSeconds(30))
            .until(
                () ->
                    admin
                        .describeConsumerGroups(List.of(APPLICATION))
                        .all()
                        .get()
                        .get(APPLICATION)
                        .members()
                        .isEmpty());
      }
    }
  }
}
