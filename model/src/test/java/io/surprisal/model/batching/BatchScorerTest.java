package io.surprisal.model.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.StoppingRule;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchScorerTest {
  private static final ModelConfiguration MODEL = TinyModels.grey();
  private static final Stages STAGES = new Stages(List.of(2, 4));
  private static final Duration LINGER = Duration.ofMillis(2);
  private static final int DEADLINE_SECONDS = 60;
  private static final int K = 4;

  @TempDir Path folder;
  private Release release;
  private ImageScorer scorer;

  @BeforeEach
  void openScorer() throws IOException {
    release = Release.untrained(folder.resolve("m"), MODEL, 1);
    scorer = new ImageScorer(release, Execution.CPU, K);
  }

  @AfterEach
  void closeScorer() {
    scorer.close();
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  private static double bits(ImageScorer scorer, PixelImage image) {
    return scorer.score(image).bitsPerDim();
  }

  /** Batches differ in size and neighbours; a score must not (equal within 1e-3 bits/dim). */
  @Test
  void shouldGiveEachCallerTheScoresOfItsImages() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(4);
    try (BatchScorer batches = new BatchScorer(2, 5, LINGER, 10)) {
      ScoringQueue queue = batches.queue(scorer);
      List<Future<?>> done = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        int from = 100 * caller;
        done.add(
            callers.submit(
                () -> {
                  List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
                  for (int i = 0; i < 50; i++) {
                    scores.add(queue.submit(TinyModels.noise(MODEL, from + i)));
                  }
                  for (int i = 0; i < 50; i++) {
                    assertThat(get(scores.get(i)).bitsPerDim())
                        .isCloseTo(bits(scorer, TinyModels.noise(MODEL, from + i)), within(1e-3));
                  }
                  return null;
                }));
      }
      for (Future<?> future : done) {
        get(future);
      }
      assertThat(batches.backlog()).isZero();
    } finally {
      callers.shutdownNow();
    }
  }

  @Test
  void shouldNotMixReleases() throws Exception {
    Release other =
        Release.untrained(
            folder.resolve("other"),
            TinyModels.configuration(1, 4, 4, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR),
            1);
    try (ImageScorer small = new ImageScorer(other, Execution.CPU, K);
        BatchScorer batches = new BatchScorer(1, 8, LINGER, 64)) {
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      for (int i = 0; i < 30; i++) { // a mixed batch would fail: the shapes differ
        scores.add(
            i % 3 == 0
                ? batches.queue(small).submit(TinyModels.noise(other.configuration(), i))
                : batches.queue(scorer).submit(TinyModels.noise(MODEL, i)));
      }
      for (CompletableFuture<ImageLikelihood> score : scores) {
        assertThat(get(score).evaluations()).isEqualTo(K);
      }
    }
  }

  @Test
  void shouldFailTheOneImageThatFailsAndNoOther() throws Exception {
    try (BatchScorer batches = new BatchScorer(2, 6, LINGER, 64)) {
      ScoringQueue queue = batches.queue(scorer);
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        scores.add(
            queue.submit(
                i == 7 ? new PixelImage(1, 2, 2, new byte[4]) : TinyModels.noise(MODEL, i)));
      }
      for (int i = 0; i < 20; i++) {
        CompletableFuture<ImageLikelihood> score = scores.get(i);
        if (i == 7) {
          assertThat(score)
              .failsWithin(Duration.ofSeconds(DEADLINE_SECONDS))
              .withThrowableOfType(ExecutionException.class)
              .withCauseInstanceOf(IllegalArgumentException.class);
        } else {
          assertThat(get(score).bitsPerDim()).isFinite();
        }
      }
    }
  }

  /** A scorer whose native memory is gone stands for a device that is. */
  @Test
  void shouldFailEverythingOnceTheDeviceHasFailed() throws Exception {
    ImageScorer dead = new ImageScorer(release, Execution.CPU, K);
    dead.close();
    try (BatchScorer batches = new BatchScorer(1, 4, LINGER, 64)) {
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        scores.add(batches.queue(dead).submit(TinyModels.noise(MODEL, i)));
      }
      scores.add(batches.queue(scorer).submit(TinyModels.noise(MODEL, 9)));
      for (CompletableFuture<ImageLikelihood> score : scores) {
        assertThatExceptionOfType(CompletionException.class)
            .isThrownBy(() -> score.orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join())
            .withCauseInstanceOf(DeviceFailedException.class);
      }
    }
  }

  /** Whatever ends a worker: images would wait for it for ever. */
  @Test
  void shouldFailEverythingOnceAWorkerHasEnded() throws Exception {
    Release staged = staged();
    try (ImageScorer inStages =
            new ImageScorer(staged, Execution.CPU, BoundEstimator.served(staged, STAGES));
        BatchScorer batches = new BatchScorer(2, 4, LINGER, 64)) {
      ScoringQueue broken =
          batches.queue(
              inStages,
              likelihood -> {
                throw new IllegalStateException("a rule that cannot be followed");
              });
      for (ScoringQueue queue : List.of(broken, batches.queue(scorer))) {
        CompletableFuture<ImageLikelihood> score = queue.submit(TinyModels.noise(MODEL, 0));
        assertThatExceptionOfType(CompletionException.class)
            .isThrownBy(() -> score.orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join())
            .withCauseInstanceOf(DeviceFailedException.class)
            .havingRootCause()
            .withMessageContaining("a rule that cannot be followed");
      }
    }
  }

  /** One worker is at the first image and the queue has room for one: the third has to wait. */
  @Test
  void shouldHoldCallersBackWhileTheQueueIsFull() throws Exception {
    try (BatchScorer batches = new BatchScorer(1, 1, Duration.ZERO, 1)) {
      ScoringQueue queue = batches.queue(scorer);
      for (int i = 0; i < 20; i++) {
        CompletableFuture<ImageLikelihood> first = queue.submit(TinyModels.noise(MODEL, 3 * i));
        queue.submit(TinyModels.noise(MODEL, 3 * i + 1));
        queue.submit(TinyModels.noise(MODEL, 3 * i + 2));
        assertThat(first).isDone();
        assertThat(batches.backlog()).isLessThanOrEqualTo(1);
      }
    }
  }

  @Test
  void shouldCancelWhatWaitsWhenItCloses() throws Exception {
    BatchScorer batches = new BatchScorer(1, 3, Duration.ofHours(1), 3); // waits for a full batch
    ScoringQueue queue = batches.queue(scorer);
    CompletableFuture<ImageLikelihood> waiting = queue.submit(TinyModels.noise(MODEL, 0));
    batches.close();
    assertThat(waiting).isCancelled();
    assertThatExceptionOfType(DeviceFailedException.class)
        .isThrownBy(() -> queue.submit(TinyModels.noise(MODEL, 1)))
        .withMessageContaining("closed");
  }

  /** Images whose first stage settles it get no more; those that go on get the same as alone. */
  /** The release, calibrated for two stages. */
  private Release staged() throws Exception {
    Calibration calibration =
        Calibrator.calibrate(
            release,
            TinyModels.noiseDataset(MODEL, 20),
            20,
            STAGES,
            Execution.CPU,
            done -> {},
            () -> false);
    return release.recalibrated(folder.resolve("staged"), calibration);
  }

  @Test
  void shouldStopAnImageOnceItIsSettled() throws Exception {
    Release staged = staged();
    double middle = staged.calibration().orElseThrow().bitsPerDim()[10];
    try (ImageScorer inStages =
            new ImageScorer(staged, Execution.CPU, BoundEstimator.served(staged, STAGES));
        ImageScorer atOnce = new ImageScorer(staged, Execution.CPU, 4);
        BatchScorer batches = new BatchScorer(2, 3, LINGER, 64)) {
      ScoringQueue queue = batches.queue(inStages, likelihood -> likelihood.bitsPerDim() > middle);
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        scores.add(queue.submit(TinyModels.noise(MODEL, i)));
      }
      int stopped = 0;
      for (int i = 0; i < 20; i++) {
        ImageLikelihood likelihood = get(scores.get(i));
        if (likelihood.evaluations() == 2) {
          stopped++;
          assertThat(likelihood.bitsPerDim()).isGreaterThan(middle);
          assertThat(likelihood.noiseLevels()).hasSize(2);
        } else {
          assertThat(likelihood.evaluations()).isEqualTo(4);
          assertThat(likelihood.bitsPerDim())
              .isCloseTo(bits(atOnce, TinyModels.noise(MODEL, i)), within(1e-3));
        }
      }
      assertThat(stopped).isBetween(1, 19);
    }
  }

  @Test
  void shouldRefuseImpossibleSettings() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BatchScorer(1, 8, LINGER, 7))
        .withMessageContaining("capacity 7");
    assertThatIllegalArgumentException().isThrownBy(() -> new BatchScorer(0, 8, LINGER, 8));
  }

  /** The one worker waits an hour for a full batch, unless another lane fills it. */
  @Test
  void shouldWaitForTheImagesAtHandWhenALaneRetires() throws Exception {
    Duration deadline = Duration.ofSeconds(DEADLINE_SECONDS);
    try (BatchScorer batches = new BatchScorer(1, 3, Duration.ofHours(1), 8)) {
      ScoringLane lane = batches.queue(scorer);
      ScoringLane other = batches.queue(scorer);
      CompletableFuture<ImageLikelihood> atHand = lane.submit(TinyModels.noise(MODEL, 0));
      assertThat(lane.retire(Duration.ofMillis(20))).isFalse();
      assertThat(atHand).isNotDone();
      assertThatExceptionOfType(RetiredException.class)
          .isThrownBy(() -> lane.submit(TinyModels.noise(MODEL, 1)));
      assertThat(lane.retire(Duration.ZERO)).isFalse();
      other.submit(TinyModels.noise(MODEL, 2));
      other.submit(TinyModels.noise(MODEL, 3));
      assertThat(lane.retire(deadline)).isTrue();
      assertThat(get(atHand).bitsPerDim()).isFinite();
      assertThat(lane.retire(Duration.ZERO)).isTrue();
      assertThat(other.retire(Duration.ZERO)).isFalse(); // its two images still wait
    }
  }

  @Test
  void shouldRetireALaneWhoseImagesWereGivenUp() throws Exception {
    try (BatchScorer batches = new BatchScorer(1, 2, Duration.ofHours(1), 8)) {
      ScoringLane lane = batches.queue(scorer);
      lane.submit(TinyModels.noise(MODEL, 0)).cancel(false);
      batches.queue(scorer).submit(TinyModels.noise(MODEL, 1)); // fills the batch
      assertThat(lane.retire(Duration.ofSeconds(DEADLINE_SECONDS))).isTrue();
    }
  }

  /** Its scorer is closed at once: an image that still used it would fail, or the JVM would end. */
  @Test
  void shouldUseAScorerNoMoreAfterItsLaneRetired() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(4);
    try (BatchScorer batches = new BatchScorer(2, 4, LINGER, 8)) {
      for (int round = 0; round < 10; round++) {
        ImageScorer own = new ImageScorer(release, Execution.CPU, K);
        ScoringLane lane = batches.queue(own);
        CountDownLatch some = new CountDownLatch(12);
        List<Future<List<CompletableFuture<ImageLikelihood>>>> handedIn = new ArrayList<>();
        for (int caller = 0; caller < 4; caller++) {
          handedIn.add(
              callers.submit(
                  () -> {
                    List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
                    try {
                      while (true) {
                        scores.add(lane.submit(TinyModels.noise(MODEL, scores.size())));
                        some.countDown();
                      }
                    } catch (RetiredException e) {
                      return scores;
                    }
                  }));
        }
        assertThat(some.await(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(lane.retire(Duration.ofSeconds(DEADLINE_SECONDS))).isTrue();
        own.close();
        int scored = 0;
        for (Future<List<CompletableFuture<ImageLikelihood>>> scores : handedIn) {
          for (CompletableFuture<ImageLikelihood> score : get(scores)) {
            assertThat(get(score).bitsPerDim()).isFinite();
            scored++;
          }
        }
        assertThat(scored).isGreaterThanOrEqualTo(12);
      }
    } finally {
      callers.shutdownNow();
    }
  }

  /** One worker, held up by the first image that it scored, until it is let go on. */
  private final class Held implements AutoCloseable {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final ImageScorer staged =
        new ImageScorer(
            release,
            Execution.CPU,
            BoundEstimator.plain(
                new Stages(List.of(1, K)),
                NoisePlan.keyedByPixels().atOffset(release.levelOffset())));
    private final BatchScorer batches = new BatchScorer(1, 2, LINGER, 4);

    Held() throws Exception {
      batches
          .queue(
              staged,
              likelihood -> {
                reached.countDown();
                try {
                  goOn.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                return true;
              })
          .submit(TinyModels.noise(MODEL, 0));
      assertThat(reached.await(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
      goOn.countDown();
      batches.close();
      staged.close();
    }
  }

  @Test
  void shouldScoreImagesThatNobodyWaitsForWhenNoOtherWaits() throws Exception {
    try (Held held = new Held()) {
      SpareLane spare = held.batches.spare(scorer, StoppingRule.NEVER);
      ScoringQueue queue = held.batches.queue(scorer);
      List<String> order = new CopyOnWriteArrayList<>();
      List<CompletableFuture<?>> all = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        all.add(
            spare
                .offer(TinyModels.noise(MODEL, i))
                .orElseThrow()
                .thenAccept(likelihood -> order.add("spare")));
      }
      for (int i = 2; i < 6; i++) {
        all.add(
            queue
                .submit(TinyModels.noise(MODEL, i))
                .thenAccept(likelihood -> order.add("waited for")));
      }

      held.goOn.countDown();

      for (CompletableFuture<?> done : all) {
        get(done);
      }
      assertThat(order)
          .containsExactly(
              "waited for", "waited for", "waited for", "waited for", "spare", "spare");
    }
  }

  @Test
  void shouldTakeNoMoreImagesThatNobodyWaitsForThanItHasRoomFor() throws Exception {
    try (Held held = new Held()) {
      SpareLane spare = held.batches.spare(scorer, StoppingRule.NEVER);
      List<CompletableFuture<ImageLikelihood>> taken = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        spare.offer(TinyModels.noise(MODEL, i)).ifPresent(taken::add);
      }
      assertThat(taken).hasSize(4);

      assertThat(spare.retire(Duration.ZERO)).isTrue();

      assertThat(taken).allMatch(CompletableFuture::isCancelled);
      assertThat(spare.offer(TinyModels.noise(MODEL, 1))).isEmpty();
    }
  }

  @Test
  void shouldNotFailWithAScorerThatNobodyWaitsFor() throws Exception {
    ImageScorer broken = new ImageScorer(release, Execution.CPU, K);
    broken.close(); // its memory is gone
    try (BatchScorer batches = new BatchScorer(1, 2, LINGER, 4)) {
      CompletableFuture<ImageLikelihood> fails =
          batches.spare(broken, StoppingRule.NEVER).offer(TinyModels.noise(MODEL, 1)).orElseThrow();

      assertThat(fails)
          .failsWithin(Duration.ofSeconds(DEADLINE_SECONDS))
          .withThrowableOfType(ExecutionException.class);
      assertThat(get(batches.queue(scorer).submit(TinyModels.noise(MODEL, 2))).bitsPerDim())
          .isFinite();
    }
  }
}
