package io.surprisal.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.pending.ImageReader;
import io.surprisal.topology.pending.PendingRange;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.serving.ServedModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images whose scores come later than the next images, and members that end meanwhile. */
class MicroBatchingTest {

  private static final Topics TOPICS = DrivenTopology.TOPICS;
  private static final byte[] KEY = "key".getBytes(UTF_8);
  private static final byte[] GARBAGE = "garbage".getBytes(UTF_8);
  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;

  private final HeldQueue queue = new HeldQueue();
  private final SurvivingStore store = new SurvivingStore();
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], ImageScore> scores;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  @BeforeAll
  static void makeTheRelease() throws Exception {
    release = TestReleases.uncalibrated(directory);
  }

  @BeforeEach
  void startWithNothingPending() {
    start(queue, DrivenTopology.NOTHING_TO_READ);
  }

  private void start(ScoringQueue scoring, ImageReader reader) {
    stop();
    driver =
        new DrivenTopology(
            new ScoringTopology(
                TOPICS,
                ServedModel.of(release, scoring, 1, "float32", 0.01),
                DecodingLimits.defaults(),
                DrivenTopology.MAX_DEAD_LETTER),
            reader,
            store,
            state);
    images = driver.images();
    scores =
        driver.output(TOPICS.scores(), RecordFormat.of(ImageScore.class).serde().deserializer());
    deadLetters = driver.output(TOPICS.deadLetters(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    if (driver != null) {
      driver.close();
      driver = null;
    }
  }

  private void pipe(int... seeds) {
    for (int seed : seeds) {
      images.pipeInput(KEY, TestImages.good(seed));
    }
  }

  private List<String> scored() {
    return scores.readValuesToList().stream().map(ImageScore::getImageId).toList();
  }

  @Test
  void shouldForwardInTheOrderOfTheImagesWhateverCompletesFirst() {
    pipe(0, 1, 2);
    queue.complete(2, 1);
    driver.letTheTimerRun();
    assertThat(scores.isEmpty()).isTrue();

    queue.complete(0);
    driver.letTheTimerRun();

    List<TestRecord<byte[], ImageScore>> written = scores.readRecordsToList();
    assertThat(written)
        .extracting(record -> record.value().getImageId())
        .containsExactly("good-0", "good-1", "good-2");
    assertThat(written)
        .extracting(record -> record.value().getBitsPerDim())
        .as("each image has its own score")
        .containsExactly(0.0, 0.001, 0.002);
    assertThat(written)
        .extracting(record -> record.value().getLocation().getOffset())
        .containsExactly(0L, 1L, 2L);
    assertThat(written)
        .extracting(TestRecord::timestamp)
        .as("the image's time, not the timer's")
        .containsExactlyElementsOf(
            LongStream.range(0, 3).mapToObj(i -> TestImages.TIME.toEpochMilli() + i).toList());
  }

  @Test
  void shouldForwardCompletedImagesWhenTheNextComes() {
    pipe(0);
    queue.complete(0);

    pipe(1);

    assertThat(scored()).containsExactly("good-0");
  }

  @Test
  void shouldKeepADeadLetterInItsPlace() {
    pipe(0);
    images.pipeInput(KEY, GARBAGE);
    pipe(1);
    queue.complete(1);
    driver.letTheTimerRun();
    assertThat(deadLetters.isEmpty()).isTrue();

    queue.complete(0);
    driver.letTheTimerRun();

    assertThat(deadLetters.readValue()).isEqualTo(GARBAGE);
    assertThat(scored()).containsExactly("good-0", "good-1");
  }

  @Test
  void shouldMakeADeadLetterOfTheOneImageThatFails() {
    pipe(0, 1, 2);
    queue.complete(0, 2);
    queue.answer(1).completeExceptionally(new IllegalStateException("a strange image"));
    driver.letTheTimerRun();

    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(header(letter, DeadLetter.REASON)).isEqualTo("SCORING_FAILED");
    assertThat(header(letter, DeadLetter.OFFSET)).isEqualTo("1");
    assertThat(header(letter, DeadLetter.EXCEPTION)).endsWith("a strange image");
    assertThat(letter.value()).isEqualTo(TestImages.good(1));
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(scored()).containsExactly("good-0", "good-2");
  }

  private static String header(TestRecord<byte[], byte[]> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), UTF_8);
  }

  @Test
  void shouldBlameNoImageForADeadDevice() {
    pipe(0, 1);
    queue.answer(0).completeExceptionally(new DeviceFailedException("the device is on fire"));

    assertThatThrownBy(driver::letTheTimerRun)
        .satisfiesAnyOf(
            thrown -> assertThat(thrown).isInstanceOf(DeviceFailedException.class),
            thrown -> assertThat(thrown).hasRootCauseInstanceOf(DeviceFailedException.class));
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(driver.remembered()).contains(new PendingRange(0, 1, 2));
  }

  /** With other images all about it that are done. */
  @Test
  void shouldNotWaitForEverForAnImageThatNobodyScores() {
    pipe(0, 1);
    queue.complete(1);
    int seconds = (int) ScoringProcessor.HANGS_AFTER.toSeconds();
    for (int i = 0; i < seconds; i++) {
      driver.advance(Duration.ofSeconds(1));
    }

    assertThatThrownBy(() -> driver.advance(Duration.ofSeconds(1)))
        .hasStackTraceContaining("has no score after 301 s: the device hangs");
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(driver.remembered()).contains(new PendingRange(0, 1, 2));
  }

  @Test
  void shouldNotTakeAJumpOfTheClockForAHangingDevice() {
    pipe(0);
    driver.advance(Duration.ofHours(9));
    queue.complete(0);
    driver.letTheTimerRun();

    assertThat(scored()).containsExactly("good-0");
  }

  @Test
  void shouldBlameNoImageForAnErrorInItsBatch() {
    pipe(0);
    queue.answer(0).completeExceptionally(new OutOfMemoryError("for the test"));

    assertThatThrownBy(driver::letTheTimerRun).isInstanceOf(OutOfMemoryError.class);
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void shouldBlameNoImageWhereTheQueueIsClosed() {
    start(
        image -> {
          throw new DeviceFailedException("the queue was closed");
        },
        DrivenTopology.NOTHING_TO_READ);

    assertThatThrownBy(() -> pipe(0))
        .satisfiesAnyOf(
            thrown -> assertThat(thrown).isInstanceOf(DeviceFailedException.class),
            thrown -> assertThat(thrown).hasRootCauseInstanceOf(DeviceFailedException.class));
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void shouldRememberWhereThePendingImagesLie() {
    pipe(0, 1, 2);
    assertThat(driver.remembered()).contains(new PendingRange(0, 2, 3));

    queue.complete(1);
    driver.letTheTimerRun();
    assertThat(driver.remembered()).as("1 waits behind 0").contains(new PendingRange(0, 2, 3));

    queue.complete(0);
    driver.letTheTimerRun();
    assertThat(driver.remembered()).contains(new PendingRange(2, 2, 1));

    queue.complete(2);
    driver.letTheTimerRun();
    assertThat(driver.remembered()).isEmpty();
  }

  @Test
  void shouldWriteOneEntryACommitAndNoneWhereNothingIsPending() {
    TestOutputTopic<byte[], PendingRange> changelog =
        driver.output("it-pending-changelog", PendingRange.serde().deserializer());
    images.pipeInput(KEY, GARBAGE);
    assertThat(changelog.isEmpty()).isTrue();

    pipe(1);
    pipe(2);
    queue.complete(0, 1);
    driver.letTheTimerRun();
    driver.letTheTimerRun();

    assertThat(changelog.readValuesToList())
        .containsExactly(new PendingRange(1, 1, 1), new PendingRange(1, 2, 2), null);
  }

  @Test
  void shouldReadPendingImagesAgainAfterARestart() {
    pipe(0, 1, 2, 3);
    queue.complete(0, 2, 3);
    driver.letTheTimerRun();
    assertThat(scored()).containsExactly("good-0");
    HeldQueue second = new HeldQueue();

    start(
        second,
        (partition, range) -> {
          assertThat(partition).isEqualTo(new TopicPartition(TOPICS.images(), 0));
          assertThat(range).isEqualTo(new PendingRange(1, 3, 3));
          return List.of(record(1), record(2), record(3));
        });
    assertThat(second.size()).as("before any new image").isEqualTo(3);
    second.complete(2, 1, 0);
    driver.letTheTimerRun();

    assertThat(scored()).containsExactly("good-1", "good-2", "good-3");
    assertThat(driver.remembered()).isEmpty();
  }

  @Test
  void shouldReadThemAgainAsOftenAsMembersEnd() {
    pipe(0, 1);
    for (int restart = 0; restart < 3; restart++) {
      start(new HeldQueue(), (partition, range) -> List.of(record(0), record(1)));
      driver.letTheTimerRun();
      assertThat(scores.isEmpty()).isTrue();
    }
    HeldQueue last = new HeldQueue();
    start(last, (partition, range) -> List.of(record(0), record(1)));
    last.complete(0, 1);
    driver.letTheTimerRun();

    assertThat(scored()).containsExactly("good-0", "good-1");
  }

  @Test
  void shouldTakeHolesBetweenPendingImages() {
    store.remember(new PendingRange(10, 20, 3));

    start(queue, (partition, range) -> List.of(record(10), record(15), record(20)));
    queue.complete(0);
    driver.letTheTimerRun();
    assertThat(driver.remembered()).contains(new PendingRange(15, 20, 2));
    queue.complete(1, 2);
    driver.letTheTimerRun();

    assertThat(scores.readValuesToList())
        .extracting(score -> score.getLocation().getOffset())
        .containsExactly(10L, 15L, 20L);
    assertThat(driver.remembered()).isEmpty();
  }

  @Test
  void shouldMakeDeadLettersOfBadImagesThatAreReadAgain() {
    store.remember(new PendingRange(4, 4, 1));

    start(queue, (partition, range) -> List.of(record(4, GARBAGE)));
    driver.letTheTimerRun();

    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(letter.value()).isEqualTo(GARBAGE);
    assertThat(header(letter, DeadLetter.OFFSET)).isEqualTo("4");
    assertThat(driver.remembered()).isEmpty();
  }

  @Test
  void shouldNotStartWherePendingImagesAreLost() {
    store.remember(new PendingRange(4, 5, 2));

    assertThatThrownBy(
            () ->
                start(
                    queue,
                    (partition, range) -> {
                      throw new ImagesLostException("gone");
                    }))
        .hasRootCauseInstanceOf(ImagesLostException.class);
  }

  private static ConsumerRecord<byte[], byte[]> record(int offset) {
    return record(offset, TestImages.good(offset));
  }

  private static ConsumerRecord<byte[], byte[]> record(int offset, byte[] value) {
    return new ConsumerRecord<>(
        TOPICS.images(),
        0,
        offset,
        TestImages.TIME.toEpochMilli(),
        TimestampType.CREATE_TIME,
        KEY.length,
        value.length,
        KEY,
        value,
        new RecordHeaders(),
        Optional.empty());
  }

  @Test
  void shouldGiveUpItsImagesWhenItIsClosed() {
    pipe(0, 1);

    stop();

    assertThat(queue.answer(0)).isCancelled();
    assertThat(queue.answer(1)).isCancelled();
  }

  @Test
  @Timeout(60)
  void shouldTakeNoMoreImagesThanItHolds() {
    int most = ScoringProcessor.MOST_PENDING_IMAGES;
    CompletableFuture<Void> piping =
        CompletableFuture.runAsync(() -> pipe(IntStream.rangeClosed(0, most).toArray()));

    await().until(() -> queue.size() == most);
    await()
        .during(Duration.ofMillis(100))
        .atMost(Duration.ofSeconds(10))
        .until(() -> queue.size() == most && !piping.isDone());

    queue.complete(0);
    piping.join();
    assertThat(queue.size()).isEqualTo(most + 1);
    assertThat(scored()).containsExactly("good-0");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64})
  void shouldScoreAllInOrderWhateverTheBatch(int batch) {
    int count = 700;
    start(new Batches(batch), DrivenTopology.NOTHING_TO_READ);

    pipe(IntStream.range(0, count / batch * batch).toArray());
    driver.letTheTimerRun();

    assertThat(scored())
        .containsExactlyElementsOf(
            IntStream.range(0, count / batch * batch).mapToObj(i -> "good-" + i).toList());
  }

  /** Completes its images batch by batch, the last first. */
  private static final class Batches implements ScoringQueue {
    private final int size;
    private final List<CompletableFuture<ImageLikelihood>> open = new ArrayList<>();

    Batches(int size) {
      this.size = size;
    }

    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage image) {
      CompletableFuture<ImageLikelihood> likelihood = new CompletableFuture<>();
      open.add(likelihood);
      if (open.size() == size) {
        for (int i = size - 1; i >= 0; i--) {
          open.get(i).complete(HeldQueue.likelihood(i));
        }
        open.clear();
      }
      return likelihood;
    }
  }
}
