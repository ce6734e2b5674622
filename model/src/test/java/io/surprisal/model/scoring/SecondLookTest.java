package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SecondLookTest {
  private static final int TILE = 8;

  /** Three by three tiles. */
  private static final int SIDE = 3 * TILE;

  private static final double THRESHOLD = 4;
  private static final double AGREEMENT = 0.5;

  /** Windows of 3; deviations of 1 after the first look, of ½ after the second. */
  private static final LocalNormal NORMAL =
      new LocalNormal(LocalControl.NONE, List.of(3), 1, 1, List.of(0f), List.of(0.5f))
          .after(new FirstLook(1, List.of(0f), List.of(1f), THRESHOLD, AGREEMENT));

  private static final List<Tiling.Corner> CORNERS =
      IntStream.range(0, 9).mapToObj(i -> new Tiling.Corner(i / 3 * TILE, i % 3 * TILE)).toList();

  private final SecondLook look = new SecondLook(NORMAL, TILE, TILE);

  private static ImageLikelihood scored(EvidenceMap evidence) {
    return new ImageLikelihood(
        1, 0, 0, 1, 0, new float[1], new float[1], 1, 1, Optional.of(evidence));
  }

  private static EvidenceMap calm() {
    return new EvidenceMap(SIDE, SIDE, new float[SIDE * SIDE]);
  }

  /** Brighter around a pixel: only the window of 3 there has all of it. */
  private static void plant(EvidenceMap map, int row, int column, float bits) {
    for (int y = row - 1; y <= row + 1; y++) {
      for (int x = column - 1; x <= column + 1; x++) {
        map.bits()[y * SIDE + x] += bits;
      }
    }
  }

  @Test
  void shouldOpenTheTilesUnderTheStrongestWindowAlone() {
    EvidenceMap map = calm();
    plant(map, 12, 12, 3); // below the threshold
    plant(map, 20, 3, 2);

    assertThat(look.of(scored(map), CORNERS)).containsExactly(4);
  }

  @Test
  void shouldOpenEveryTileThatASurprisingWindowTouches() {
    EvidenceMap map = calm();
    plant(map, 3, 3, 9);
    plant(map, 20, TILE - 1, 9); // reaches over into the next column

    assertThat(look.of(scored(map), CORNERS)).containsExactly(0, 6, 7);
  }

  /** Windows partly in a tile that had one look do not count, however bright. */
  @Test
  void shouldTakeTheStatisticFromWhatWasLookedAtAgain() {
    EvidenceMap first = calm();
    plant(first, 3, 3, 5);
    plant(first, 20, 20, 3);
    float[] tile = new float[TILE * TILE];
    tile[3 * TILE + 3] = 9 * 3; // a mean of 3 over the window, 6 deviations
    EvidenceMap whole =
        first.lookedAtAgain(
            List.of(new EvidenceMap(TILE, TILE, tile)), List.of(new Tiling.Corner(0, 0)));

    Surprise surprise = Surprise.of(whole, NORMAL);

    assertThat(surprise.at(surprise.strongest())).isCloseTo(6, within(1e-5f));
    assertThat(surprise.measured(3 * SIDE + 3)).isTrue();
    assertThat(surprise.measured(20 * SIDE + 20)).isFalse();
    assertThat(surprise.measured(3 * SIDE + TILE)).isFalse();
    assertThat(surprise.at(20 * SIDE + 20)).isCloseTo((float) (AGREEMENT * 3), within(1e-5f));
    assertThat(whole.shareLookedAtAgain()).isCloseTo(1 / 9.0, within(1e-12));
  }

  @Test
  void shouldNotLetAnEstimateExceedWhatWasMeasured() {
    EvidenceMap first = calm();
    plant(first, 20, 20, 30);
    EvidenceMap whole =
        first.lookedAtAgain(
            List.of(new EvidenceMap(TILE, TILE, new float[TILE * TILE])),
            List.of(new Tiling.Corner(0, 0)));

    Surprise surprise = Surprise.of(whole, NORMAL);

    assertThat(surprise.at(20 * SIDE + 20)).isEqualTo(surprise.at(surprise.strongest()));
  }

  @Test
  void shouldNotTakeEvidenceOfTwoLooksForThatOfOne() {
    LocalNormal once =
        new LocalNormal(LocalControl.NONE, List.of(3), 1, 1, List.of(0f), List.of(1f));
    EvidenceMap twice = calm().lookedAtAgain(List.of(), List.of());

    assertThatIllegalArgumentException().isThrownBy(() -> Surprise.of(twice, once));
  }

  private static final ModelConfiguration MODEL =
      TinyModels.configuration(1, TILE, TILE, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);

  private static final Preprocessing PREPROCESSING =
      Preprocessing.tiled(new ImageShape(1, TILE, TILE), new Tiling(1, TILE));

  private static final NoisePlan NOISE = NoisePlan.keyedByPixels().atOffset(0.1);

  private static ImageScorer scorer(BoundEstimator estimator) {
    return new ImageScorer(
        MODEL,
        TinyModels.trained(MODEL, 5),
        new Execution(Device.cpu(), Precision.FLOAT32),
        estimator);
  }

  private static PixelImage picture(int seed) {
    byte[] pixels = new byte[SIDE * SIDE];
    new SplittableRandom(seed).nextBytes(pixels);
    return new PixelImage(1, SIDE, SIDE, pixels);
  }

  private static ImageScorer twice() {
    return twice(LocalControl.NONE);
  }

  private static ImageScorer twice(LocalControl control) {
    LocalNormal normal =
        new LocalNormal(control, List.of(3), 1, 1, List.of(0f), List.of(1f))
            .after(new FirstLook(2, List.of(0f), List.of(1f), Float.MAX_VALUE, AGREEMENT));
    return scorer(once(control).withLooks(normal));
  }

  private static BoundEstimator once(LocalControl control) {
    return BoundEstimator.plain(new Stages(List.of(2, 8)), NOISE).withLocal(control);
  }

  @Test
  void shouldNotAskTheNetworkAgainWhereItsAnswerShowsNothing() {
    PixelImage tile = PREPROCESSING.tile(picture(4), CORNERS.get(0));
    try (ImageScorer all = scorer(once(LocalControl.NONE))) {
      double[] gammas = all.begin(tile, 0).levels().gammas();
      double[] ascending = gammas.clone();
      Arrays.sort(ascending);
      LocalControl noisyHalf = LocalControl.NONE.fromGamma(ascending[4]);
      try (ImageScorer twice = twice(noisyHalf);
          ImageScorer half = scorer(once(noisyHalf))) {
        ImageEvaluation looked = twice.begin(tile, 0);
        ImageEvaluation evaluated = half.begin(tile, 0);
        twice.advance(List.of(looked));
        half.advance(List.of(evaluated));
        assertThat(twice.likelihood(looked)).isEqualTo(half.likelihood(evaluated));
        double bitsPerDim = twice.likelihood(looked).bitsPerDim();
        twice.advance(List.of(looked));
        half.advance(List.of(evaluated));

        assertThat(looked.done()).isEqualTo(8);
        float[] errors = looked.squaredErrors();
        int[] order = new Stages(List.of(2, 8)).order();
        for (int i = 0; i < errors.length; i++) {
          assertThat(Float.isNaN(errors[i])).isEqualTo(i >= 2 && gammas[order[i]] < ascending[4]);
        }
        ImageLikelihood score = twice.likelihood(looked);
        assertThat(score.bitsPerDim()).as("of the first look").isEqualTo(bitsPerDim);
        float[] evidence = score.evidence().orElseThrow().bits();
        float[] whole = half.likelihood(evaluated).evidence().orElseThrow().bits();
        for (int i = 0; i < evidence.length; i++) {
          assertThat(evidence[i]).isCloseTo(whole[i], within(1e-4f * Math.abs(whole[i]) + 1e-4f));
        }
      }
    }
  }

  @Test
  void shouldScoreThePictureByItsFirstLookAndItsPartsByTheSecond() {
    PixelImage picture = picture(1);
    try (ImageScorer twice = twice();
        ImageScorer first = scorer(once(LocalControl.NONE))) {
      ImageLikelihood score =
          new TileScorer(twice, PREPROCESSING).score(List.of(picture), 0).get(0);

      List<ImageEvaluation> tiles =
          CORNERS.stream()
              .map(corner -> first.begin(PREPROCESSING.tile(picture, corner), 0))
              .toList();
      first.advance(tiles);
      assertThat(score.bitsPerDim())
          .isCloseTo(
              tiles.stream()
                  .mapToDouble(tile -> first.likelihood(tile).bitsPerDim())
                  .average()
                  .orElseThrow(),
              within(1e-4));
      assertThat(score.evaluations()).isEqualTo(2);

      // What is looked at again shows what all evaluations of the tile say, and nothing else is.
      first.advance(tiles);
      EvidenceMap evidence = score.evidence().orElseThrow();
      int opened = 0;
      for (int i = 0; i < tiles.size(); i++) {
        EvidenceMap whole = first.likelihood(tiles.get(i)).evidence().orElseThrow();
        int at = CORNERS.get(i).top() * SIDE + CORNERS.get(i).left();
        if (!Float.isNaN(evidence.again()[at])) {
          opened++;
          assertThat(evidence.again()[at])
              .isCloseTo(whole.bits()[0], within(1e-3f * Math.abs(whole.bits()[0]) + 1e-3f));
        }
      }
      assertThat(opened).isBetween(1, 4);
      assertThat(evidence.shareLookedAtAgain()).isCloseTo(opened / 9.0, within(1e-12));
    }
  }

  /** Lines shorter than a picture, several pictures at once, both kinds of lanes. */
  @Test
  void shouldLookAgainInTheStreamAsOutsideIt() throws Exception {
    try (ImageScorer scorer = twice();
        BatchScorer batches = new BatchScorer(2, 4, Duration.ofMillis(1), 4)) {
      List<PixelImage> pictures = List.of(picture(1), picture(2), picture(3));
      List<CompletableFuture<ImageLikelihood>> scores =
          List.of(
              batches.queue(scorer, PREPROCESSING, StoppingRule.NEVER).submit(pictures.get(0)),
              batches.queue(scorer, PREPROCESSING, StoppingRule.NEVER).submit(pictures.get(1)),
              batches
                  .spare(scorer, PREPROCESSING, StoppingRule.NEVER)
                  .offer(pictures.get(2))
                  .orElseThrow());
      List<ImageLikelihood> alone = new TileScorer(scorer, PREPROCESSING).score(pictures, 0);
      for (int i = 0; i < pictures.size(); i++) {
        ImageLikelihood score = scores.get(i).get(60, TimeUnit.SECONDS);
        assertThat(score.bitsPerDim()).isCloseTo(alone.get(i).bitsPerDim(), within(1e-3));
        EvidenceMap here = score.evidence().orElseThrow();
        EvidenceMap there = alone.get(i).evidence().orElseThrow();
        for (int pixel = 0; pixel < here.again().length; pixel++) {
          assertThat(Float.isNaN(here.again()[pixel])).isEqualTo(Float.isNaN(there.again()[pixel]));
        }
      }
    }
  }
}
