package io.surprisal.model.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.SecondLook;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.StoppingRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TileLanesTest {
  private static final int TILE = 4;

  private static final Preprocessing PREPROCESSING =
      Preprocessing.tiled(new ImageShape(1, TILE, TILE), new Tiling(1, TILE));

  /** Of three tiles, which begin at columns 0, 4 and 6. */
  private static final PixelImage PICTURE = gradient(TILE, 10);

  private static PixelImage gradient(int height, int width) {
    byte[] pixels = new byte[height * width];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) i;
    }
    return new PixelImage(1, height, width, pixels);
  }

  /** Holds what is handed in until the test completes it. */
  private static final class Line {
    final List<PixelImage> images = new ArrayList<>();
    final List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
    final List<Duration> retirements = new ArrayList<>();

    CompletableFuture<ImageLikelihood> take(PixelImage image) {
      CompletableFuture<ImageLikelihood> score = new CompletableFuture<>();
      images.add(image);
      scores.add(score);
      return score;
    }
  }

  /** Takes so many images, then throws. */
  private record Awaited(Line line, int room, Exception then) implements TileLine {
    @Override
    public CompletableFuture<ImageLikelihood> submit(
        PixelImage image, Consumer<ImageEvaluation> begun) throws InterruptedException {
      if (line.images.size() < room) {
        return line.take(image);
      }
      if (then instanceof InterruptedException interrupted) {
        throw interrupted;
      }
      throw (RuntimeException) then;
    }

    @Override
    public Optional<SecondLook> secondLook() {
      return Optional.empty();
    }

    @Override
    public List<CompletableFuture<ImageLikelihood>> again(List<ImageEvaluation> tiles) {
      throw new AssertionError("one look is all");
    }

    @Override
    public boolean retire(Duration timeout) {
      line.retirements.add(timeout);
      return false;
    }
  }

  private static TileLanes.Awaited awaited(Line line) {
    return new TileLanes.Awaited(
        new Awaited(line, Integer.MAX_VALUE, new RetiredException()), PREPROCESSING);
  }

  private static ImageLikelihood score(
      double bitsPerDim, double standardError, float squaredError, Optional<EvidenceMap> evidence) {
    return new ImageLikelihood(
        bitsPerDim,
        standardError,
        bitsPerDim / 10,
        bitsPerDim / 2,
        bitsPerDim / 5,
        new float[] {-1},
        new float[] {squaredError},
        1,
        2 * bitsPerDim,
        evidence);
  }

  private static ImageLikelihood score(double bitsPerDim) {
    return score(bitsPerDim, 0, 0, Optional.empty());
  }

  private static Optional<EvidenceMap> constant(float bits) {
    float[] all = new float[TILE * TILE];
    Arrays.fill(all, bits);
    return Optional.of(new EvidenceMap(TILE, TILE, all));
  }

  @Test
  void shouldHandInTheTilesInTheirOrder() throws Exception {
    Line line = new Line();
    awaited(line).submit(PICTURE);
    assertThat(line.images)
        .containsExactly(
            PICTURE.crop(0, 0, TILE, TILE),
            PICTURE.crop(0, 4, TILE, TILE),
            PICTURE.crop(0, 6, TILE, TILE));
  }

  /** The errors of independent tiles add up in squares: √(1² + 2² + 2²)/3. */
  @Test
  void shouldCompleteWithTheMeanOfItsTilesOnceTheLastIsDone() throws Exception {
    Line line = new Line();
    CompletableFuture<ImageLikelihood> whole = awaited(line).submit(PICTURE);
    line.scores.get(2).complete(score(9, 1, 0.5f, constant(8)));
    line.scores.get(0).complete(score(3, 2, 1, constant(0)));
    assertThat(whole).isNotDone();
    line.scores.get(1).complete(score(6, 2, 1.5f, constant(4)));
    assertThat(whole).isCompleted();
    ImageLikelihood mean = whole.join();
    assertThat(mean.bitsPerDim()).isCloseTo(6, within(1e-12));
    assertThat(mean.standardError()).isCloseTo(1, within(1e-12));
    assertThat(mean.prior()).isCloseTo(0.6, within(1e-12));
    assertThat(mean.diffusion()).isCloseTo(3, within(1e-12));
    assertThat(mean.reconstruction()).isCloseTo(1.2, within(1e-12));
    assertThat(mean.codecBitsPerDim()).isCloseTo(12, within(1e-12));
    assertThat(mean.squaredErrors()[0]).isCloseTo(1, within(1e-6f));
    assertThat(mean.noiseLevels()).containsExactly(-1);
    assertThat(mean.evaluations()).isEqualTo(1);
    EvidenceMap evidence = mean.evidence().orElseThrow();
    assertThat(evidence.height()).isEqualTo(TILE);
    assertThat(evidence.width()).isEqualTo(10);
    // columns 6 and 7 are of the second tile and of the third
    assertThat(Arrays.copyOf(evidence.bits(), 10)).containsExactly(0, 0, 0, 0, 4, 4, 6, 6, 8, 8);
  }

  @Test
  void shouldKeepThePicturesOfOneLineApart() throws Exception {
    Line line = new Line();
    TileLanes.Awaited lane = awaited(line);
    CompletableFuture<ImageLikelihood> first = lane.submit(PICTURE);
    CompletableFuture<ImageLikelihood> second = lane.submit(gradient(TILE, TILE));
    line.scores.get(3).complete(score(5));
    assertThat(second).isCompletedWithValue(score(5));
    assertThat(first).isNotDone();
    line.scores.subList(0, 3).forEach(tile -> tile.complete(score(7)));
    assertThat(first.join().bitsPerDim()).isCloseTo(7, within(1e-12));
  }

  @Test
  void shouldFailThePictureWithWhatWentWrongWithATile() throws Exception {
    for (boolean derived : new boolean[] {false, true}) {
      Line line = new Line();
      CompletableFuture<ImageLikelihood> whole = awaited(line).submit(PICTURE);
      IllegalArgumentException failure = new IllegalArgumentException("odd tile");
      line.scores.get(0).complete(score(1));
      line.scores
          .get(1)
          .completeExceptionally(derived ? new CompletionException(failure) : failure);
      line.scores.get(2).complete(score(1));
      assertThat(whole).isCompletedExceptionally();
      assertThatThrownBy(whole::get).isInstanceOf(ExecutionException.class).hasCause(failure);
      List<Throwable> seen = new ArrayList<>();
      whole.whenComplete((score, thrown) -> seen.add(thrown));
      assertThat(seen).containsExactly(failure);
    }
  }

  /** Whoever waits for the picture must hear of it, whatever is wrong. */
  @Test
  void shouldFailThePictureWhoseTilesDoNotGoTogether() throws Exception {
    Line line = new Line();
    CompletableFuture<ImageLikelihood> whole = awaited(line).submit(PICTURE);
    line.scores.get(0).complete(score(1, 0, 0, constant(1)));
    line.scores.get(1).complete(score(1));
    line.scores.get(2).complete(score(1));
    assertThat(whole).isCompletedExceptionally();
  }

  @Test
  void shouldGiveUpTheTilesWhereItIsInterruptedHalfWay() {
    shouldGiveUpTheTilesAndRethrow(new InterruptedException());
  }

  @Test
  void shouldGiveUpTheTilesWhereItsLaneIsRetiredHalfWay() {
    shouldGiveUpTheTilesAndRethrow(new RetiredException());
  }

  private static void shouldGiveUpTheTilesAndRethrow(Exception failure) {
    Line line = new Line();
    TileLanes.Awaited lane = new TileLanes.Awaited(new Awaited(line, 2, failure), PREPROCESSING);
    assertThatThrownBy(() -> lane.submit(PICTURE)).isSameAs(failure);
    assertThat(line.scores).hasSize(2).allMatch(CompletableFuture::isCancelled);
  }

  @Test
  void shouldGiveUpTheTilesOfAPictureThatIsGivenUp() throws Exception {
    Line line = new Line();
    CompletableFuture<ImageLikelihood> whole = awaited(line).submit(PICTURE);
    line.scores.get(0).complete(score(1));
    whole.cancel(false);
    assertThat(line.scores.get(0)).isCompletedWithValue(score(1));
    assertThat(line.scores.subList(1, 3)).allMatch(CompletableFuture::isCancelled);
  }

  /** As a closed scorer does with the images that still wait. */
  @Test
  void shouldBeCancelledWithItsTiles() throws Exception {
    Line line = new Line();
    CompletableFuture<ImageLikelihood> whole = awaited(line).submit(PICTURE);
    line.scores.forEach(tile -> tile.cancel(false));
    assertThat(whole).isCancelled();
  }

  /** A line that has room for one image has it for all tiles of a picture. */
  @Test
  void shouldTakeASparePictureWithAllItsTilesOrNotAtAll() throws Exception {
    ModelConfiguration model =
        TinyModels.configuration(
            1, TILE, TILE, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);
    try (ImageScorer scorer =
        new ImageScorer(
            model,
            TinyModels.trained(model, 1),
            Execution.CPU,
            BoundEstimator.plain(Stages.single(1), NoisePlan.keyedByPixels()))) {
      BatchQueue queue = new BatchQueue(1, Duration.ZERO, 1);
      Lane.Spare tiles = new Lane.Spare(queue, queue.spareLane(scorer, StoppingRule.NEVER));
      TileLanes.Spare spare = new TileLanes.Spare(tiles, PREPROCESSING);

      CompletableFuture<ImageLikelihood> whole = spare.offer(PICTURE).orElseThrow();
      assertThat(spare.offer(PICTURE)).isEmpty();

      for (int i = 0; i < 3; i++) {
        assertThat(whole).isNotDone();
        queue.next().orElseThrow().get(0).likelihood().complete(score(2));
      }
      assertThat(whole.join().bitsPerDim()).isCloseTo(2, within(1e-12));
      queue.close();
    }
  }

  @Test
  void shouldRetireTheLaneOfItsTiles() throws Exception {
    Line line = new Line();
    assertThat(awaited(line).retire(Duration.ofSeconds(3))).isFalse();
    assertThat(line.retirements).containsExactly(Duration.ofSeconds(3));
  }
}
