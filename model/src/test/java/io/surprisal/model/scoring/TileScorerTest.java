package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TileScorerTest {
  private static final ModelConfiguration MODEL =
      TinyModels.configuration(3, 8, 8, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);

  /** 19×21 after shrinking: 3 by 3 tiles, the last overlapping. */
  private static final Preprocessing PREPROCESSING =
      Preprocessing.tiled(new ImageShape(3, 8, 8), new Tiling(2, 8));

  private static ImageScorer scorer;

  @BeforeAll
  static void load() {
    scorer =
        new ImageScorer(
            MODEL,
            TinyModels.trained(MODEL, 5),
            new Execution(Device.cpu(), Precision.FLOAT32),
            BoundEstimator.plain(Stages.single(4), NoisePlan.keyedByPixels().atOffset(0.1))
                .withLocal(LocalControl.NONE));
  }

  @AfterAll
  static void close() {
    scorer.close();
  }

  private static PixelImage picture(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] pixels = new byte[3 * 39 * 43];
    random.nextBytes(pixels);
    return new PixelImage(3, 39, 43, pixels);
  }

  @Test
  void shouldGiveAPictureTheMeanOfItsTiles() throws Exception {
    PixelImage applied = PREPROCESSING.apply(picture(1));
    List<ImageLikelihood> tiles =
        PREPROCESSING.corners(applied).stream()
            .map(corner -> scorer.score(PREPROCESSING.tile(applied, corner)))
            .toList();

    ImageLikelihood whole = new TileScorer(scorer, PREPROCESSING).score(List.of(applied), 0).get(0);

    assertThat(tiles).hasSize(9);
    assertThat(whole.bitsPerDim())
        .isCloseTo(
            tiles.stream().mapToDouble(ImageLikelihood::bitsPerDim).average().orElseThrow(),
            within(1e-5));
    assertThat(whole.bitsPerDim())
        .isCloseTo(whole.prior() + whole.diffusion() + whole.reconstruction(), within(1e-9));
    assertThat(whole.standardError())
        .isCloseTo(
            Math.sqrt(tiles.stream().mapToDouble(t -> Math.pow(t.standardError(), 2)).sum()) / 9,
            within(1e-5));
    assertThat(whole.squaredErrors()).hasSize(4);
    assertThat(whole.noiseLevels()).isEqualTo(tiles.get(0).noiseLevels());
  }

  @Test
  void shouldNotDependOnWhatElseIsScored() throws Exception {
    List<PixelImage> applied =
        List.of(PREPROCESSING.apply(picture(1)), PREPROCESSING.apply(picture(2)));
    TileScorer tiled = new TileScorer(scorer, PREPROCESSING);

    List<ImageLikelihood> together = tiled.score(applied, 0);

    for (int i = 0; i < 2; i++) {
      ImageLikelihood alone = tiled.score(List.of(applied.get(i)), 7).get(0);
      assertThat(alone.bitsPerDim()).isCloseTo(together.get(i).bitsPerDim(), within(1e-3));
    }
  }

  /** Without control the pixels' evidence is the diffusion loss, pixel by pixel. */
  @Test
  void shouldSpreadTheDiffusionLossOverThePixels() {
    PixelImage tile = picture(3).crop(0, 0, 8, 8);

    ImageLikelihood score = scorer.score(tile);

    assertThat(sum(score) / MODEL.dimensions()).isCloseTo(score.diffusion(), within(1e-4));
  }

  private static ImageScorer withEvidenceFrom(double leastGamma) {
    return new ImageScorer(
        MODEL,
        TinyModels.trained(MODEL, 5),
        new Execution(Device.cpu(), Precision.FLOAT32),
        BoundEstimator.plain(Stages.single(4), NoisePlan.keyedByPixels().atOffset(0.1))
            .withLocal(LocalControl.NONE.fromGamma(leastGamma)));
  }

  @Test
  void shouldTakeEvidenceFromTheEvaluationsWithEnoughNoiseAlone() {
    PixelImage tile = picture(3).crop(0, 0, 8, 8);
    try (ImageScorer noisy = withEvidenceFrom(LocalControl.GREY_LEVEL)) {
      ImageLikelihood score = noisy.score(tile);

      double slope = MODEL.gammaMax() - MODEL.gammaMin(); // γ′, of which the loss weighs a half
      double[] bits = new double[4];
      for (int k = 0; k < 4; k++) {
        bits[k] = slope / 2 * score.squaredErrors()[k] * MODEL.dimensions() / Math.log(2);
      }
      assertThat(score.noiseLevels()[0]).isLessThan((float) LocalControl.GREY_LEVEL);
      assertThat(score.noiseLevels()[1]).isGreaterThan((float) LocalControl.GREY_LEVEL);
      assertThat(sum(score))
          .isCloseTo((bits[1] + bits[2] + bits[3]) / 3, within(1e-4 * sum(score)))
          .isNotCloseTo(sum(scorer.score(tile)), within(1e-2 * sum(score)));
      assertThat(score.bitsPerDim()).isEqualTo(scorer.score(tile).bitsPerDim());
    }
  }

  @Test
  void shouldTakeEvidenceFromAllEvaluationsWhereNoneHasEnoughNoise() {
    PixelImage tile = picture(3).crop(0, 0, 8, 8);
    try (ImageScorer none = withEvidenceFrom(MODEL.gammaMax() + 1)) {
      assertThat(none.score(tile).evidence()).isEqualTo(scorer.score(tile).evidence());
    }
  }

  private static double sum(ImageLikelihood score) {
    float[] bits = score.evidence().orElseThrow().bits();
    return IntStream.range(0, bits.length).mapToDouble(i -> bits[i]).sum();
  }

  @Test
  void shouldStitchTheEvidenceOfTheTiles() throws Exception {
    PixelImage applied = PREPROCESSING.apply(picture(4));

    ImageLikelihood whole = new TileScorer(scorer, PREPROCESSING).score(List.of(applied), 0).get(0);

    EvidenceMap evidence = whole.evidence().orElseThrow();
    assertThat(evidence.height()).isEqualTo(19);
    assertThat(evidence.width()).isEqualTo(21);
    EvidenceMap first =
        scorer.score(PREPROCESSING.tile(applied, new Tiling.Corner(0, 0))).evidence().orElseThrow();
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        assertThat(evidence.bits()[y * 21 + x])
            .isCloseTo(
                first.bits()[y * 8 + x], within(1e-3f * Math.abs(first.bits()[y * 8 + x]) + 1e-3f));
      }
    }
  }

  /**
   * On pixels that the network cannot guess, e² is near ε²: to take β of it away must calm them.
   */
  @Test
  void shouldVaryLessFromPixelToPixelWithTheMeasuredSlope() {
    PixelImage tile = picture(5).crop(0, 0, 8, 8);
    ImageEvaluation evaluation = scorer.begin(tile, 0);
    scorer.advance(List.of(evaluation));
    double[] times = scorer.times(tile, 0);
    double[] slopes = evaluation.slopes();
    LocalControl control = LocalControl.of(times, slopes);
    try (ImageScorer controlled =
        new ImageScorer(
            MODEL,
            TinyModels.trained(MODEL, 5),
            new Execution(Device.cpu(), Precision.FLOAT32),
            BoundEstimator.plain(Stages.single(4), NoisePlan.keyedByPixels().atOffset(0.1))
                .withLocal(control))) {
      ImageLikelihood with = controlled.score(tile);
      ImageLikelihood without = scorer.score(tile);

      assertThat(with.bitsPerDim()).isEqualTo(without.bitsPerDim());
      assertThat(deviation(with)).isLessThan(deviation(without));
    }
  }

  private static double deviation(ImageLikelihood score) {
    float[] bits = score.evidence().orElseThrow().bits();
    double mean = IntStream.range(0, bits.length).mapToDouble(i -> bits[i]).average().orElseThrow();
    return IntStream.range(0, bits.length).mapToDouble(i -> Math.pow(bits[i] - mean, 2)).sum();
  }

  /** A picture of more tiles than the line holds is taken whole where it holds any. */
  @Test
  void shouldScoreAPictureThatNobodyWaitsForWhateverTheNumberOfItsTiles() throws Exception {
    PixelImage applied = PREPROCESSING.apply(picture(6));
    try (BatchScorer batches = new BatchScorer(1, 2, Duration.ZERO, 2)) {
      ImageLikelihood score =
          batches
              .spare(scorer, PREPROCESSING, StoppingRule.NEVER)
              .offer(applied)
              .orElseThrow()
              .get(30, TimeUnit.SECONDS);

      assertThat(score.bitsPerDim())
          .isCloseTo(
              new TileScorer(scorer, PREPROCESSING).score(List.of(applied), 0).get(0).bitsPerDim(),
              within(1e-3));
    }
  }
}
