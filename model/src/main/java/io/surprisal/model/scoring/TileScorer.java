package io.surprisal.model.scoring;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.runtime.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Scores pictures tile by tile: one picture after the other, a bounded number of its tiles at a
 * time. Where the scorer has two stages, every tile gets the first, and those that a {@link
 * SecondLook} names the second. The image scorer stays its maker's.
 */
public final class TileScorer implements PictureScorer {

  /** Tiles that are on their way at once. */
  private static final int TILES_A_CALL = 32;

  /** More than a picture within the decoding limits has; keeps the fresh noise of tiles apart. */
  private static final long MOST_TILES = 1L << 25;

  private final ImageScorer scorer;
  private final Preprocessing preprocessing;
  private final Optional<Workers> workers;

  /**
   * A scorer of tiles.
   *
   * @param scorer of the tiles
   * @param preprocessing that says which they are
   */
  public TileScorer(ImageScorer scorer, Preprocessing preprocessing) {
    this(scorer, preprocessing, Optional.empty());
  }

  /**
   * A scorer that has the tiles of one picture scored side by side.
   *
   * @param workers stay the caller's
   */
  public TileScorer(ImageScorer scorer, Preprocessing preprocessing, Workers workers) {
    this(scorer, preprocessing, Optional.of(workers));
  }

  private TileScorer(ImageScorer scorer, Preprocessing preprocessing, Optional<Workers> workers) {
    this.scorer = scorer;
    this.preprocessing = preprocessing;
    this.workers = workers;
  }

  @Override
  public List<ImageLikelihood> score(List<PixelImage> pictures, long firstIndex) {
    List<ImageLikelihood> scores = new ArrayList<>(pictures.size());
    for (int i = 0; i < pictures.size(); i++) {
      scores.add(score(pictures.get(i), firstIndex + i));
    }
    return scores;
  }

  private ImageLikelihood score(PixelImage picture, long index) {
    List<Tiling.Corner> corners = preprocessing.corners(picture);
    if (scorer.stages().ends().size() == 1) {
      List<ImageLikelihood> tiles =
          inCalls(
              IntStream.range(0, corners.size()).boxed().toList(),
              some ->
                  scorer.score(
                      some.stream().map(i -> tile(picture, corners, i)).toList(),
                      index * MOST_TILES + some.get(0)));
      return ImageLikelihood.ofTiles(tiles, corners, picture.height(), picture.width());
    }
    List<ImageEvaluation> tiles =
        inCalls(
            IntStream.range(0, corners.size()).boxed().toList(),
            some -> {
              List<ImageEvaluation> begun =
                  some.stream()
                      .map(i -> scorer.begin(tile(picture, corners, i), index * MOST_TILES + i))
                      .toList();
              scorer.advance(begun);
              return begun;
            });
    ImageLikelihood first =
        ImageLikelihood.ofTiles(
            tiles.stream().map(scorer::likelihood).toList(),
            corners,
            picture.height(),
            picture.width());
    List<Integer> opened =
        scorer
            .secondLook()
            .map(look -> look.of(first, corners))
            .orElseGet(() -> IntStream.range(0, corners.size()).boxed().toList());
    List<ImageLikelihood> again =
        inCalls(
            opened,
            some -> {
              List<ImageEvaluation> open = some.stream().map(tiles::get).toList();
              scorer.advance(open);
              return open.stream().map(scorer::likelihood).toList();
            });
    return SecondLook.whole(first, corners, opened, again);
  }

  private PixelImage tile(PixelImage picture, List<Tiling.Corner> corners, int index) {
    return preprocessing.tile(picture, corners.get(index));
  }

  /**
   * Does something with tiles, a bounded number at a time, side by side where there are workers.
   */
  private <T> List<T> inCalls(List<Integer> tiles, Function<List<Integer>, List<T>> what) {
    int calls = (tiles.size() + TILES_A_CALL - 1) / TILES_A_CALL;
    IntFunction<List<T>> call =
        i ->
            what.apply(
                tiles.subList(i * TILES_A_CALL, Math.min(tiles.size(), (i + 1) * TILES_A_CALL)));
    return workers
        .map(several -> several.map(calls, call))
        .orElseGet(() -> IntStream.range(0, calls).mapToObj(call).toList())
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public int workers() {
    return scorer.workers();
  }

  @Override
  public int evaluations() {
    return scorer.evaluations();
  }

  @Override
  public String precision() {
    return scorer.precision();
  }

  @Override
  public double correctionError() {
    return scorer.correctionError();
  }

  @Override
  public int dimensions() {
    return scorer.dimensions();
  }
}
