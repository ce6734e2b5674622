package io.surprisal.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.surprisal.service.run.WithheldImages.Withheld;
import io.surprisal.service.system.ClassBroker;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** With a broker, a producer that leaves its transaction open, and a clock that is set. */
@Tag("system")
@Tag("waiting")
@Timeout(120)
class ImagesWatchTest {
  @RegisterExtension private static final ClassBroker BROKER = new ClassBroker();

  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", BROKER.bootstrapServer()));
  }

  private static KafkaProducer<byte[], byte[]> producer(String transactionalId) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers", BROKER.bootstrapServer(), "transactional.id", transactionalId),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    producer.initTransactions();
    return producer;
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int partition) {
    producer.send(new ProducerRecord<>(topic, partition, null, new byte[10]));
  }

  @Test
  void shouldNameWhoHasLeftATransactionOpenOnceThatIsUnusual() throws Exception {
    try (Admin setup = admin();
        KafkaProducer<byte[], byte[]> left = producer("a-line-that-hangs");
        KafkaProducer<byte[], byte[]> other = producer("another")) {
      WithheldImages images = new WithheldImages(setup, "open", now::get);
      setup.createTopics(List.of(new NewTopic("open", 2, (short) 1))).all().get();
      other.beginTransaction();
      send(other, "open", 0);
      other.commitTransaction();
      left.beginTransaction();
      send(left, "open", 1);
      left.flush();
      other.beginTransaction();
      send(other, "open", 1);
      other.commitTransaction();

      images.look();
      now.set(Instant.EPOCH.plus(WithheldImages.UNUSUAL).minusMillis(1));
      images.look();
      assertThat(images.found()).isEmpty();

      now.set(Instant.EPOCH.plus(WithheldImages.UNUSUAL));
      images.look();
      assertThat(images.found())
          .singleElement()
          .satisfies(
              found -> {
                assertThat(found.partition()).hasToString("open-1");
                assertThat(found.offset()).isZero();
                // Its own, the other's, and the marker that the broker writes when it likes.
                assertThat(found.images()).isBetween(2L, 3L);
                assertThat(found.since()).isEqualTo(WithheldImages.UNUSUAL);
                assertThat(found.producer().orElseThrow()).contains("a-line-that-hangs");
                assertThat(found.details().get("remedy").toString())
                    .contains("--topic open --partition 1 --start-offset 0");
              });

      left.commitTransaction();
      await("the broker writes the markers when it likes")
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () -> {
                images.look();
                assertThat(images.found()).isEmpty();
              });
    }
  }

  @Test
  void shouldNotTakeTransactionsThatComeOneAfterAnotherForOne() throws Exception {
    try (Admin setup = admin();
        KafkaProducer<byte[], byte[]> producer = producer("busy")) {
      WithheldImages images = new WithheldImages(setup, "busy", now::get);
      setup.createTopics(List.of(new NewTopic("busy", 1, (short) 1))).all().get();
      for (int i = 0; i < 3; i++) {
        producer.beginTransaction();
        send(producer, "busy", 0);
        producer.flush();
        now.set(now.get().plus(Duration.ofSeconds(60)));
        images.look();
        assertThat(images.found()).isEmpty();
        producer.commitTransaction();
      }
    }
  }

  private static StreamSettings settings(Path state, String application) {
    return new StreamSettings(
        application, BROKER.bootstrapServer(), state, 1, Optional.empty(), 1 << 20, Map.of());
  }

  private static Optional<ImagesLostException> lossSeen(ImagesTopic topic) throws Exception {
    topic.look();
    return topic.loss();
  }

  /** Longer or shorter, Kafka's consumers go on in it as if it were the one of before. */
  @Test
  void shouldSeeThatTheImagesTopicWasMadeAnewWhileItRunsAndOverARestart(@TempDir Path state)
      throws Exception {
    NewTopic made = new NewTopic("anew", 2, (short) 1);
    try (Admin admin = admin()) {
      admin.createTopics(List.of(made)).all().get();
      ImagesTopic running = new ImagesTopic(admin, "anew", settings(state, "one"));
      assertThat(lossSeen(running)).isEmpty();
      assertThat(lossSeen(new ImagesTopic(admin, "anew", settings(state, "one")))).isEmpty();

      admin.deleteTopics(List.of("anew")).all().get();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> !admin.listTopics().names().get().contains("anew"));
      assertThatExceptionOfType(ExecutionException.class).isThrownBy(running::look);
      assertThat(running.loss()).as("it may come back, from a backup of the cluster").isEmpty();
      admin.createTopics(List.of(made)).all().get();
      for (ImagesTopic seeing :
          List.of(running, new ImagesTopic(admin, "anew", settings(state, "one")))) {
        await()
            .atMost(Duration.ofSeconds(60))
            .ignoreException(ExecutionException.class)
            .until(() -> lossSeen(seeing).isPresent());
        assertThat(seeing.loss().orElseThrow())
            .hasMessageContaining("anew was deleted and made anew since group one")
            .hasMessageContaining("--application-id")
            .hasMessageContaining(state.resolve("images-topic").resolve("one").toString());
      }
      assertThat(lossSeen(new ImagesTopic(admin, "anew", settings(state, "two")))).isEmpty();
    }
  }

  @Test
  void shouldSayHowToEndIt() {
    assertThat(
            new Withheld(
                    new TopicPartition("a-b", 3), 7, 1, Duration.ofSeconds(80), Optional.empty())
                .details())
        .containsEntry("producer", "unknown")
        .containsEntry("seconds", 80L)
        .extractingByKey("remedy")
        .asString()
        .contains("--topic a-b --partition 3 --start-offset 7");
  }
}
