package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.drift.DriftSensitivity;
import io.surprisal.trainer.drift.StreamWatch;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.Reservoir.Review;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import io.surprisal.trainer.reservoir.ReservoirImage.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What people say of alerts, from the command line to the trainer's reservoir. */
@Timeout(180)
@Tag("system")
@Tag("waiting")
class ReviewedStreamTest {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String FIRST = "0a".repeat(16);
  private static final String SECOND = "0b".repeat(16);
  private static final Place FIRST_PLACE = new Place(0, 11);
  private static final Place SECOND_PLACE = new Place(0, 12);

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  private static void command(String prefix, String... args) {
    String[] all = Arrays.copyOf(args, args.length + 4);
    all[args.length] = "--topic-prefix";
    all[args.length + 1] = prefix;
    all[args.length + 2] = "--bootstrap-server";
    all[args.length + 3] = broker.bootstrapServer();
    CommandRun run = CommandRun.of(all);
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  private static byte[] alert(String prefix, String id, Place place) {
    return ALERTS.encode(
        AnomalyAlert.newBuilder()
            .setRepairs(List.of())
            .setBoxes(List.of())
            .setAlertId(id)
            .setIncidentId(id)
            .setReasons(List.of(AlertReason.LOCAL))
            .setImageId("image")
            .setSource("camera")
            .setEventTime(Instant.EPOCH)
            .setReleaseId("ab".repeat(32))
            .setPrecision("float32")
            .setBitsPerDim(4.5)
            .setStandardError(0)
            .setEvaluations(8)
            .setAlertRate(0.01)
            .setLocation(new ImageLocation(prefix + "images", place.partition(), place.offset()))
            .build());
  }

  private Reservoir reservoir(String name) throws IOException {
    return new Reservoir(
        folder.resolve(name), new ReservoirBounds(100, 100, 0.2, Duration.ofHours(10), 1L << 20));
  }

  private static StreamWatch watch(String prefix, Reservoir reservoir, PublicKey... commanders)
      throws Exception {
    return watch(prefix, reservoir, TrustedKeys.of(commanders));
  }

  private static StreamWatch watch(String prefix, Reservoir reservoir, TrustedKeys commanders)
      throws Exception {
    return new StreamWatch(
        new ClusterSettings(
            clusterId(),
            new Topics(prefix),
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            prefix + "trainer",
            "trainer",
            commanders,
            Duration.ofHours(1)),
        new DriftSensitivity(1e6, 500, Duration.ofMinutes(5)),
        0.01,
        reservoir,
        release -> Interpretation.usual(),
        InstantSource.system());
  }

  private static String clusterId() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
      return admin.describeCluster().clusterId().get();
    }
  }

  private static void awaitReviews(
      StreamWatch watch, Reservoir reservoir, Map<Place, Review> expected) {
    await()
        .atMost(PATIENCE)
        .failFast("the stream can no longer be read", () -> watch.failure().isPresent())
        .untilAsserted(() -> assertThat(reservoir.reviewed()).isEqualTo(expected));
  }

  @Test
  void shouldHeedReviewsOfBeforeAndAfterItsStartAndOverRestarts() throws Exception {
    String prefix = "heeded.";
    command(prefix, "topics");
    Records.send(
        broker.bootstrapServer(),
        prefix + "alerts",
        alert(prefix, FIRST, FIRST_PLACE),
        alert(prefix, SECOND, SECOND_PLACE));
    command(prefix, "review", FIRST, "--confirm");
    try (Reservoir reservoir = reservoir("one")) {
      try (StreamWatch watch = watch(prefix, reservoir)) {
        awaitReviews(watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED));
        command(prefix, "review", SECOND, "--false-alarm");
        awaitReviews(
            watch,
            reservoir,
            Map.of(FIRST_PLACE, Review.CONFIRMED, SECOND_PLACE, Review.FALSE_ALARM));
      }
      command(prefix, "review", SECOND, "--unsure");
      try (StreamWatch watch = watch(prefix, reservoir)) {
        awaitReviews(watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED));
      }
    }
    try (Reservoir another = reservoir("another");
        StreamWatch watch = watch(prefix, another)) {
      awaitReviews(watch, another, Map.of(FIRST_PLACE, Review.CONFIRMED));
    }
  }

  private String key(KeyPair keys) throws IOException {
    return pem("PRIVATE KEY", keys.getPrivate());
  }

  private String pem(String label, Key key) throws IOException {
    return Files.writeString(
            Files.createTempFile(folder, "key", ".pem"),
            "-----BEGIN %s-----%n%s%n-----END %s-----%n"
                .formatted(label, Base64.getMimeEncoder().encodeToString(key.getEncoded()), label))
        .toString();
  }

  private static void sendAgain(ConsumerRecord<byte[], byte[]> record) throws Exception {
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  record.topic(), null, record.key(), record.value(), record.headers()))
          .get();
    }
  }

  /** Whoever may write to the topic, and has no key, sends what was signed once. */
  @Test
  void shouldNotLetAnOldSignedReviewTakeThePlaceOfALaterOne() throws Exception {
    String prefix = "replayed.";
    KeyPair keys = Ed25519.newKeys();
    String signing = key(keys);
    command(prefix, "topics");
    Records.send(
        broker.bootstrapServer(),
        prefix + "alerts",
        alert(prefix, FIRST, FIRST_PLACE),
        alert(prefix, SECOND, SECOND_PLACE));
    command(prefix, "review", FIRST, SECOND, "--false-alarm", "--sign-with", signing);
    List<ConsumerRecord<byte[], byte[]>> old =
        List.copyOf(Records.read(broker.bootstrapServer(), prefix + "reviews", 2));
    command(prefix, "review", FIRST, "--confirm", "--sign-with", signing);
    command(prefix, "review", SECOND, "--unsure", "--sign-with", signing);
    try (Reservoir reservoir = reservoir("replayed")) {
      try (StreamWatch watch = watch(prefix, reservoir, keys.getPublic())) {
        awaitReviews(watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED));
      }
      for (ConsumerRecord<byte[], byte[]> record : old) {
        sendAgain(record);
      }
      // What comes after the replay on its partition is read after it.
      String third = "0c".repeat(16);
      Place thirdPlace = new Place(0, 13);
      Records.send(broker.bootstrapServer(), prefix + "alerts", alert(prefix, third, thirdPlace));
      command(prefix, "review", third, "--confirm", "--sign-with", signing);
      try (StreamWatch watch = watch(prefix, reservoir, keys.getPublic())) {
        awaitReviews(
            watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED, thirdPlace, Review.CONFIRMED));
      }
    }
  }

  /** Whoever has stolen the key signs as its owner did, and may say any time. */
  @Test
  void shouldHeedNothingOfAKeyOnceItIsRevokedWithoutARestart() throws Exception {
    String prefix = "revoked.";
    KeyPair stolen = Ed25519.newKeys();
    KeyPair other = Ed25519.newKeys();
    Path list = folder.resolve("keys");
    for (KeyPair keys : List.of(stolen, other)) {
      assertThat(
              CommandRun.of("keys", list.toString(), "--add", pem("PUBLIC KEY", keys.getPublic()))
                  .exitCode())
          .isZero();
    }
    String thief = key(stolen);
    command(prefix, "topics");
    Records.send(
        broker.bootstrapServer(),
        prefix + "alerts",
        alert(prefix, FIRST, FIRST_PLACE),
        alert(prefix, SECOND, SECOND_PLACE));
    command(prefix, "review", FIRST, "--confirm", "--sign-with", thief);
    try (Reservoir reservoir = reservoir("revoked");
        StreamWatch watch =
            watch(prefix, reservoir, TrustedKeys.read(List.of(list), InstantSource.system()))) {
      awaitReviews(watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED));
      CommandRun revoking =
          CommandRun.of("keys", list.toString(), "--revoke", Ed25519.id(stolen.getPublic()));
      assertThat(revoking.exitCode()).as(revoking.err()).isZero();
      command(prefix, "review", FIRST, "--false-alarm", "--sign-with", thief);
      command(prefix, "review", SECOND, "--confirm", "--sign-with", key(other));
      awaitReviews(
          watch, reservoir, Map.of(FIRST_PLACE, Review.CONFIRMED, SECOND_PLACE, Review.CONFIRMED));
    }
  }

  /** The topics of a cluster of before reviews. */
  @Test
  void shouldReadAStreamWithoutATopicOfReviews() throws Exception {
    String prefix = "before.";
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
      admin
          .createTopics(
              List.of("images", "scores", "alerts").stream()
                  .map(name -> new NewTopic(prefix + name, 1, (short) 1))
                  .toList())
          .all()
          .get();
    }
    try (Reservoir reservoir = reservoir("before");
        StreamWatch watch = watch(prefix, reservoir)) {
      // Alerts are read from where it begins, which may be later than the first one.
      await()
          .atMost(PATIENCE)
          .failFast("the stream can no longer be read", () -> watch.failure().isPresent())
          .until(
              () -> {
                Records.send(
                    broker.bootstrapServer(), prefix + "alerts", alert(prefix, FIRST, FIRST_PLACE));
                return reservoir.alerted().containsKey(FIRST_PLACE);
              });
    }
  }
}
