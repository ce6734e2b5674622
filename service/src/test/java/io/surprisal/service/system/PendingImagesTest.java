package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.run.EmbeddedBroker;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of images whose member ended before they had a score, and of images that are deleted
 * unscored, against a real broker.
 */
@Timeout(120)
@Tag("system")
@Tag("waiting")
class PendingImagesTest {

  private static final String IMAGES = "surprisal.images";
  private static final String APPLICATION = "pending-images";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);

  @TempDir private Path folder;
  private EmbeddedBroker broker;
  private String server;

  @BeforeEach
  void startBroker() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0);
    server = broker.bootstrapServer();
    assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
  }

  @AfterEach
  void stopBroker() throws Exception {
    broker.close();
  }

  /** Takes images and never scores one. */
  private static final class DeafQueue implements ScoringQueue {
    private final AtomicInteger images = new AtomicInteger();

    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage image) {
      images.incrementAndGet();
      return new CompletableFuture<>();
    }
  }

  private static CompletableFuture<ImageLikelihood> score(PixelImage image) {
    return CompletableFuture.completedFuture(BatchingMember.likelihood(image));
  }

  private ScoringStream start(String member, ScoringQueue queue, Map<String, String> kafka)
      throws IOException {
    Path own = Files.createDirectories(folder.resolve(member));
    Map<String, String> all = new HashMap<>(BatchingMember.QUICK_TAKEOVER);
    all.putAll(kafka);
    ScoringStream stream = BatchingMember.stream(server, APPLICATION, own, queue, all);
    stream.start();
    return stream;
  }

  /** In one transaction, to partition 0; the transaction's marker takes an offset too. */
  private void publish(Producer<byte[], byte[]> producer, int from, int to, boolean commit) {
    producer.beginTransaction();
    for (int image = from; image < to; image++) {
      producer.send(
          new ProducerRecord<>(
              IMAGES,
              0,
              "cam".getBytes(UTF_8),
              BatchingMember.event("image-" + image, "cam", (byte) image)));
    }
    producer.flush();
    if (commit) {
      producer.commitTransaction();
    } else {
      producer.abortTransaction();
    }
  }

  private Producer<byte[], byte[]> transactionalProducer() {
    Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server, "transactional.id", "camera"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    producer.initTransactions();
    return producer;
  }

  private List<String> scored(int atLeast) {
    return Records.read(server, "surprisal.scores", atLeast).stream()
        .map(record -> SCORES.decode(record.value()).getImageId())
        .toList();
  }

  private static List<String> names(IntStream images) {
    return images.mapToObj(image -> "image-" + image).toList();
  }

  /** Leaves that many images of partition 0 pending, and nothing scored. */
  private void leavePending(int images) throws IOException {
    DeafQueue deaf = new DeafQueue();
    try (ScoringStream first = start("first", deaf, Map.of())) {
      await().atMost(PATIENCE).until(() -> deaf.images.get() == images);
      assertThat(first.failure()).isEmpty();
    }
  }

  @Test
  void shouldScorePendingImagesBeforeNewOnesAcrossMarkersAndAbortedRecords() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 5, true);
      publish(producer, 100, 105, false);
      publish(producer, 5, 8, true);
      publish(producer, 105, 107, false);
      leavePending(8);

      try (ScoringStream second = start("second", PendingImagesTest::score, Map.of())) {
        assertThat(scored(8)).as("without any new image").hasSize(8);
        publish(producer, 8, 10, true);
        assertThat(scored(10)).containsExactlyElementsOf(names(IntStream.range(0, 10)));
        assertThat(second.failure()).isEmpty();
      }
      DeafQueue none = new DeafQueue();
      try (ScoringStream third = start("second", none, Map.of())) {
        publish(producer, 10, 11, true);
        await().atMost(PATIENCE).until(() -> none.images.get() > 0);
        assertThat(none.images).as("nothing of old is pending").hasValue(1);
        assertThat(third.failure()).isEmpty();
      }
    }
  }

  @Test
  void shouldStopWherePendingImagesWereDeletedAndGoOnWhereThatIsAccepted() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 6, true);
    }
    leavePending(6);
    deleteImagesBefore(4);

    try (ScoringStream second = start("second", PendingImagesTest::score, Map.of())) {
      await().atMost(PATIENCE).until(() -> second.failure().isPresent());
      assertThat(second.failure().get())
          .isInstanceOf(ImagesLostException.class)
          .hasMessageStartingWith(
              "Of 6 images that waited for their scores at offsets 0 to 5 of topic"
                  + " surprisal.images, partition 0, the topic has only 2 left");
    }
    try (ScoringStream third =
        start(
            "third", PendingImagesTest::score, Map.of(StreamSettings.ACCEPT_LOST_IMAGES, "true"))) {
      assertThat(scored(2)).containsExactly("image-4", "image-5");
      assertThat(third.failure()).isEmpty();
    }
  }

  @Test
  void shouldStopWhereImagesWereDeletedUnreadAndGoOnWhereThatIsAccepted() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 3, true);
      try (ScoringStream first = start("first", PendingImagesTest::score, Map.of())) {
        assertThat(scored(3)).hasSize(3);
        assertThat(first.failure()).isEmpty();
      }
      publish(producer, 3, 8, true);
    }
    deleteImagesBefore(6); // images 3 and 4, behind a marker

    try (ScoringStream second = start("second", PendingImagesTest::score, Map.of())) {
      await().atMost(PATIENCE).until(() -> second.failure().isPresent());
      assertThat(second.failure().get())
          .isInstanceOf(ImagesLostException.class)
          .hasMessageStartingWith(
              "Offsets 4 to 5 of topic surprisal.images, partition 0, were deleted before they were"
                  + " read");
    }
    try (ScoringStream third =
        start(
            "third", PendingImagesTest::score, Map.of(StreamSettings.ACCEPT_LOST_IMAGES, "true"))) {
      assertThat(scored(6)).containsExactlyElementsOf(names(IntStream.of(0, 1, 2, 5, 6, 7)));
      assertThat(third.failure()).isEmpty();
    }
  }

  @Test
  void shouldBeginWithTheFirstImageThatIsLeftWhereItHasReadNone() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 5, true);
    }
    deleteImagesBefore(2);

    try (ScoringStream first = start("first", PendingImagesTest::score, Map.of())) {
      assertThat(scored(3)).containsExactlyElementsOf(names(IntStream.range(2, 5)));
      assertThat(first.failure()).isEmpty();
    }
  }

  @Test
  void shouldStopWhereTheTopicEndsBeforeWhatWasRead() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 3, true);
      try (ScoringStream first = start("first", PendingImagesTest::score, Map.of())) {
        assertThat(scored(3)).hasSize(3);
        assertThat(first.failure()).isEmpty();
      }
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      admin
          .alterConsumerGroupOffsets(
              APPLICATION, Map.of(new TopicPartition(IMAGES, 0), new OffsetAndMetadata(1000)))
          .all()
          .get();
    }

    try (ScoringStream second = start("second", PendingImagesTest::score, Map.of())) {
      await().atMost(PATIENCE).until(() -> second.failure().isPresent());
      assertThat(second.failure().get())
          .isInstanceOf(ImagesLostException.class)
          .hasMessageStartingWith(
              "Topic surprisal.images, partition 0, does not have what group pending-images has read"
                  + " up to offset 1000");
    }
  }

  private void deleteImagesBefore(long offset) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      admin
          .deleteRecords(
              Map.of(new TopicPartition(IMAGES, 0), RecordsToDelete.beforeOffset(offset)))
          .all()
          .get();
    }
  }

  /** A member stands still with pending images until another has scored them. */
  @Test
  void shouldRefuseResultsOfAMemberThatWasExpelled() throws Exception {
    try (Producer<byte[], byte[]> producer = transactionalProducer()) {
      publish(producer, 0, 3, true);
    }
    leavePending(3);
    CountDownLatch still = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger submitted = new AtomicInteger();
    ScoringQueue standingStill =
        image ->
            submitted.getAndIncrement() == 0 ? new StandingStill(image, still, goOn) : score(image);

    try (ScoringStream expelled =
        start(
            "expelled",
            standingStill,
            Map.of("max.poll.interval.ms", "3000", "num.stream.threads", "1"))) {
      still.await();
      try (ScoringStream successor = start("successor", PendingImagesTest::score, Map.of())) {
        assertThat(scored(3)).containsExactlyElementsOf(names(IntStream.range(0, 3)));
        assertThat(threadsInTheGroup()).as("of the successor alone").isEqualTo(2);
        goOn.countDown();
        // It comes back after it has tried to commit.
        await().atMost(PATIENCE).until(() -> threadsInTheGroup() == 3);
        assertThat(successor.failure()).isEmpty();
      }
      assertThat(expelled.failure()).isEmpty();
    }
    assertThat(scored(3)).containsExactlyElementsOf(names(IntStream.range(0, 3)));
  }

  private int threadsInTheGroup() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      return admin
          .describeConsumerGroups(List.of(APPLICATION))
          .all()
          .get()
          .get(APPLICATION)
          .members()
          .size();
    }
  }

  /** An answer over whose question, whether it is there, its member is held. */
  private static final class StandingStill extends CompletableFuture<ImageLikelihood> {
    private final CountDownLatch still;
    private final CountDownLatch goOn;

    StandingStill(PixelImage image, CountDownLatch still, CountDownLatch goOn) {
      this.still = still;
      this.goOn = goOn;
      complete(BatchingMember.likelihood(image));
    }

    @Override
    public boolean isDone() {
      still.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the stream", e);
      }
      return true;
    }
  }
}
