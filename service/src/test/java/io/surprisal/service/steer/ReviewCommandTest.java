package io.surprisal.service.steer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.handover.Ed25519;
import io.surprisal.handover.Seal;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.ClassBroker;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each test has topics of its own, by their prefix. */
@Timeout(120)
@Tag("system")
@Tag("waiting")
class ReviewCommandTest {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  private static CommandRun run(String prefix, String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.addAll(List.of("--topic-prefix", prefix, "--bootstrap-server", broker.bootstrapServer()));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private static String id(int number) {
    return "%032x".formatted(number);
  }

  private static AnomalyAlert alert(int number, String source, AlertReason... reasons) {
    return AnomalyAlert.newBuilder()
        .setRepairs(List.of())
        .setBoxes(List.of())
        .setAlertId(id(number))
        .setIncidentId(id(number))
        .setReasons(List.of(reasons))
        .setImageId("image-" + number)
        .setSource(source)
        .setEventTime(Instant.EPOCH)
        .setReleaseId("ab".repeat(32))
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setEvaluations(8)
        .setAlertRate(0.01)
        .setLocation(new ImageLocation("surprisal.images", 3, 100L + number))
        .build();
  }

  private static void alerts(String prefix, AnomalyAlert... alerts) throws Exception {
    assertThat(run(prefix, "topics").exitCode()).isZero();
    Records.send(
        broker.bootstrapServer(),
        prefix + "alerts",
        Arrays.stream(alerts).map(ALERTS::encode).toArray(byte[][]::new));
  }

  private static List<JsonNode> unreviewed(String prefix, String... more) throws Exception {
    String[] all =
        Arrays.copyOf(new String[] {"alerts", "--unreviewed", "--json"}, 3 + more.length);
    System.arraycopy(more, 0, all, 3, more.length);
    CommandRun run = run(prefix, all);
    assertThat(run.exitCode()).as(run.err()).isZero();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : run.outLines()) {
      lines.add(Json.MAPPER.readTree(line));
    }
    return lines;
  }

  @Test
  void shouldSayWhatTheAlertSaidBesideWhatThePersonSays() throws Exception {
    alerts(
        "facts.",
        alert(1, "left", AlertReason.LOCAL, AlertReason.ATYPICAL),
        alert(2, "right", AlertReason.LOW_LIKELIHOOD));

    CommandRun run =
        run("facts.", "review", id(1), "--confirm", "--note", "a crack", "--by", "Ada", "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    ConsumerRecord<byte[], byte[]> record =
        Records.read(broker.bootstrapServer(), "facts.reviews", 1).get(0);
    assertThat(new String(record.key(), UTF_8)).isEqualTo(id(1));
    AlertReview review = REVIEWS.decode(record.value());
    assertThat(review.getAlertId()).isEqualTo(id(1));
    assertThat(review.getImageId()).isEqualTo("image-1");
    assertThat(review.getSource()).isEqualTo("left");
    assertThat(review.getReleaseId()).isEqualTo("ab".repeat(32));
    assertThat(review.getReasons()).containsExactly(AlertReason.LOCAL, AlertReason.ATYPICAL);
    assertThat(review.getVerdict()).isEqualTo(ReviewVerdict.CONFIRMED);
    assertThat(review.getNote()).isEqualTo("a crack");
    assertThat(review.getReviewedBy()).isEqualTo("Ada");
    assertThat(review.getLocation()).isEqualTo(new ImageLocation("surprisal.images", 3, 101L));
    JsonNode printed = Json.MAPPER.readTree(run.out());
    assertThat(printed.get("verdict").asText()).isEqualTo("CONFIRMED");
    assertThat(printed.get("location").get("offset").asLong()).isEqualTo(101);
    assertThat(printed.get("replaces").isNull()).isTrue();
    assertThat(unreviewed("facts."))
        .singleElement()
        .satisfies(alert -> assertThat(alert.get("alertId").asText()).isEqualTo(id(2)));
  }

  @Test
  void shouldPutTheLaterReviewInThePlaceOfTheEarlierOne() throws Exception {
    alerts("later.", alert(1, "left", AlertReason.LOCAL), alert(2, "left", AlertReason.LOCAL));

    run("later.", "review", id(1), id(2), "--confirm", "--by", "Ada");
    CommandRun second = run("later.", "review", id(1), "--false-alarm", "--by", "Bob");
    CommandRun summary = run("later.", "review", "--summary", "--json");

    assertThat(second.outLines())
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .startsWith("FALSE_ALARM  alert " + id(1))
                    .contains("in place of CONFIRMED by Ada at "));
    JsonNode all = Json.MAPPER.readTree(summary.out()).get("all");
    assertThat(all.get("confirmed").asInt()).isEqualTo(1);
    assertThat(all.get("falseAlarms").asInt()).isEqualTo(1);
  }

  @Test
  void shouldFindTheAlertRateAtWhichEnoughAlertsAreRight() throws Exception {
    AnomalyAlert[] all = new AnomalyAlert[40];
    for (int i = 0; i < all.length; i++) {
      all[i] = alert(i + 1, "left", AlertReason.LOCAL);
      all[i].setPValue((i + 1) / 4000.0);
    }
    alerts("aim.", all);
    CommandRun early = run("aim.", "alert-rate", "--aim", "0.5", "--dry-run");
    assertThat(early.exitCode()).isNotZero();
    assertThat(early.err()).contains("0 alerts of the present rate are reviewed, it takes 20");
    run("aim.", ids("review", 1, 10, "--confirm"));
    run("aim.", ids("review", 11, 40, "--false-alarm"));

    CommandRun aimed = run("aim.", "alert-rate", "--aim", "0.5", "--dry-run", "--json");
    CommandRun unreachable = run("aim.", "alert-rate", "--aim", "0.9", "--dry-run");

    assertThat(aimed.exitCode()).as(aimed.err()).isZero();
    JsonNode printed = Json.MAPPER.readTree(aimed.out());
    assertThat(printed.get("alertRate").asDouble()).isEqualTo(20 / 4000.0);
    assertThat(printed.get("right").asInt()).isEqualTo(10);
    assertThat(printed.get("reviewed").asInt()).isEqualTo(20);
    assertThat(unreachable.exitCode()).isNotZero();
    assertThat(run("aim.", "alert-rate", "0.01", "--dry-run").err())
        .contains("--dry-run is of --aim");
    assertThat(unreachable.err()).contains("the best in 50 %").contains("retrain");
  }

  private static String[] ids(String command, int first, int last, String verdict) {
    return Stream.concat(
            Stream.concat(
                Stream.of(command), IntStream.rangeClosed(first, last).mapToObj(i -> id(i))),
            Stream.of(verdict))
        .toArray(String[]::new);
  }

  @Test
  void shouldSumUpBySourceAndByReason() throws Exception {
    alerts(
        "sum.",
        alert(1, "left", AlertReason.LOCAL, AlertReason.ATYPICAL),
        alert(2, "left", AlertReason.LOCAL),
        alert(3, "right", AlertReason.ATYPICAL),
        alert(4, "right", AlertReason.LOCAL));
    run("sum.", "review", id(1), id(2), "--confirm");
    run("sum.", "review", id(3), "--false-alarm");
    run("sum.", "review", id(4), "--unsure");

    assertThat(run("sum.", "review", "--summary").out())
        .containsPattern("all +2 +1 +1 +66\\.7 %")
        .containsPattern("reason LOCAL +2 +0 +1 +100\\.0 %")
        .containsPattern("reason ATYPICAL +1 +1 +0 +50\\.0 %")
        .containsPattern("source left +2 +0 +0 +100\\.0 %")
        .containsPattern("source right +0 +1 +1 +0\\.0 %");
    assertThat(unreviewed("sum.")).isEmpty();
  }

  @Test
  void shouldReviewNothingWhereOneAlertIsUnknown() throws Exception {
    alerts("unknown.", alert(1, "left", AlertReason.LOCAL));

    CommandRun run = run("unknown.", "review", id(1), id(7), "--confirm");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err())
        .contains(id(7), "unknown.alerts", "'surprisal alerts --unreviewed'")
        .doesNotContain(id(1));
    assertThat(unreviewed("unknown.")).hasSize(1);
  }

  /** Alerts are kept for a while, reviews for good; but only an alert vouches for what it said. */
  @Test
  void shouldTakeTheFactsOfAnAlertThatIsGoneFromItsReviewUnlessItSigns() throws Exception {
    alerts("gone.", alert(1, "left", AlertReason.LOCAL));
    run("gone.", "review", id(1), "--confirm");
    deleteAlerts("gone.alerts");
    Path key = key(Ed25519.newKeys());

    CommandRun signed = run("gone.", "review", id(1), "--unsure", "--sign-with", key.toString());
    CommandRun plain = run("gone.", "review", id(1), "--unsure");

    assertThat(signed.exitCode()).isEqualTo(3);
    assertThat(signed.err()).contains("there is no alert " + id(1));
    assertThat(plain.exitCode()).as(plain.err()).isZero();
    AlertReview review =
        REVIEWS.decode(Records.read(broker.bootstrapServer(), "gone.reviews", 2).get(1).value());
    assertThat(review.getVerdict()).isEqualTo(ReviewVerdict.UNSURE);
    assertThat(review.getImageId()).isEqualTo("image-1");
    assertThat(review.getLocation()).isEqualTo(new ImageLocation("surprisal.images", 3, 101L));
    assertThat(review.getReasons()).containsExactly(AlertReason.LOCAL);
  }

  private static void deleteAlerts(String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
      Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
      for (TopicPartitionInfo partition :
          admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
        all.put(new TopicPartition(topic, partition.partition()), RecordsToDelete.beforeOffset(-1));
      }
      admin.deleteRecords(all).all().get();
    }
  }

  private Path key(KeyPair keys) throws IOException {
    return Files.writeString(
        folder.resolve("key.pem"),
        "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n"
            .formatted(Base64.getMimeEncoder().encodeToString(keys.getPrivate().getEncoded())));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "review 0123456789abcdef0123456789abcdef",
        "review --confirm",
        "review --confirm --false-alarm 0123456789abcdef0123456789abcdef",
        "review --confirm 0123456789ABCDEF0123456789ABCDEF",
        "review --confirm image-1",
        "review --summary 0123456789abcdef0123456789abcdef",
        "alerts --unreviewed --sources",
        "alerts --unreviewed --max 0"
      })
  void shouldRefuseWhatSaysNothing(String line) {
    assertThat(run("none.", line.split(" ")).exitCode()).isEqualTo(2);
  }

  @Test
  void shouldBoundWhatPeopleWrite() {
    CommandRun note = run("none.", "review", id(1), "--confirm", "--note", "n".repeat(1001));
    CommandRun by = run("none.", "review", id(1), "--confirm", "--by", "n".repeat(257));

    assertThat(note.exitCode()).isEqualTo(2);
    assertThat(note.err()).contains("--note has 1001 characters");
    assertThat(by.exitCode()).isEqualTo(2);
    assertThat(by.err()).contains("--by has 257 characters");
  }

  @Test
  void shouldSayThatTheTopicLacks() {
    CommandRun run = run("none.", "review", id(1), "--confirm");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).contains("there is no topic none.reviews", "'surprisal topics'");
  }

  /** A camera's name is whatever its producer sent. */
  @Test
  void shouldShowNoEscapesOfOthers() throws Exception {
    alerts("escape.", alert(1, "cam\u001b[2J\n", AlertReason.LOCAL));

    String alerts = run("escape.", "alerts", "--unreviewed").out();
    String said = run("escape.", "review", id(1), "--confirm", "--by", "A\u001b[31m").out();
    String replaced = run("escape.", "review", id(1), "--unsure").out();
    String summary = run("escape.", "review", "--summary").out();

    assertThat(alerts).contains("alert " + id(1), "cam\\u{1b}[2J\\u{a}");
    assertThat(said).contains("cam\\u{1b}[2J\\u{a}");
    assertThat(replaced).contains("by A\\u{1b}[31m");
    assertThat(summary).contains("source cam\\u{1b}[2J\\u{a}");
    assertThat(alerts + said + replaced + summary).doesNotContain("\u001b");
  }

  @Test
  void shouldListSoManyUnreviewedAlertsAndEnd() throws Exception {
    alerts(
        "max.",
        alert(1, "left", AlertReason.LOCAL),
        alert(2, "left", AlertReason.LOCAL),
        alert(3, "left", AlertReason.LOCAL));
    run("max.", "review", id(1), "--unsure");

    assertThat(unreviewed("max.")).hasSize(2);
    assertThat(unreviewed("max.", "--max", "1")).hasSize(1);
  }

  @Test
  void shouldSignWhereItIsGivenAKey() throws Exception {
    alerts("signed.", alert(1, "left", AlertReason.LOCAL));
    KeyPair keys = Ed25519.newKeys();
    Path key = key(keys);

    CommandRun run = run("signed.", "review", id(1), "--confirm", "--sign-with", key.toString());

    assertThat(run.exitCode()).as(run.err()).isZero();
    ConsumerRecord<byte[], byte[]> record =
        Records.read(broker.bootstrapServer(), "signed.reviews", 1).get(0);
    String cluster;
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
      cluster = admin.describeCluster().clusterId().get();
    }
    assertThat(Seal.REVIEW.number(record, cluster, TrustedKeys.of(keys.getPublic()))).isPresent();
    assertThat(Seal.REVIEW.number(record, "another", TrustedKeys.of(keys.getPublic()))).isEmpty();
  }

  private Path publicKey(KeyPair keys) throws IOException {
    return Files.writeString(
        folder.resolve("key.pub"),
        "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n"
            .formatted(Base64.getMimeEncoder().encodeToString(keys.getPublic().getEncoded())));
  }

  /** What the trainer does not heed counts nowhere. */
  @Test
  void shouldCountReviewsOfTrustedKeysAloneAndSayHowManyOthersThereAre() throws Exception {
    alerts(
        "trusted.",
        alert(1, "left", AlertReason.LOCAL),
        alert(2, "left", AlertReason.LOCAL),
        alert(3, "left", AlertReason.LOCAL));
    KeyPair keys = Ed25519.newKeys();
    String signing = key(keys).toString();
    run("trusted.", "review", id(1), "--confirm", "--sign-with", signing);
    ConsumerRecord<byte[], byte[]> old =
        Records.read(broker.bootstrapServer(), "trusted.reviews", 1).get(0);
    run("trusted.", "review", id(1), "--false-alarm", "--sign-with", signing);
    run("trusted.", "review", id(1), id(2), "--confirm");
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer // what was signed first, again
          .send(new ProducerRecord<>(old.topic(), null, old.key(), old.value(), old.headers()))
          .get();
    }
    String trusted = publicKey(keys).toString();

    assertThat(run("trusted.", "review", "--summary", "--trust", trusted).out())
        .containsPattern("all +0 +1 +0 +0\\.0 %")
        .contains("2 reviews are not signed by a key of --trust, and not counted");
    assertThat(
            Json.MAPPER
                .readTree(
                    run("trusted.", "review", "--summary", "--trust", trusted, "--json").out())
                .get("notCounted")
                .asInt())
        .isEqualTo(2);
    assertThat(unreviewed("trusted.", "--trust", trusted))
        .extracting(line -> line.get("alertId").asText())
        .containsExactlyInAnyOrder(id(2), id(3));
    assertThat(run("trusted.", "alerts", "--unreviewed", "--trust", trusted).err())
        .contains("2 reviews are not signed by a key of --trust");

    assertThat(run("trusted.", "review", "--summary").out())
        .containsPattern("all +2 +0 +0 +100\\.0 %")
        .doesNotContain("not counted");
    assertThat(unreviewed("trusted."))
        .extracting(line -> line.get("alertId").asText())
        .containsExactly(id(3));
  }
}
