package io.surprisal.model.scoring;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.runtime.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Scores pictures tile by tile: one picture after the other, a bounded number of its tiles at a
 * time. The image scorer stays its maker's.
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
      PixelImage picture = pictures.get(i);
      List<Tiling.Corner> corners = preprocessing.corners(picture);
      scores.add(
          ImageLikelihood.ofTiles(
              tiles(picture, corners, firstIndex + i), corners, picture.height(), picture.width()));
    }
    return scores;
  }

  /** Scores the tiles of a picture, row by row. */
  private List<ImageLikelihood> tiles(PixelImage picture, List<Tiling.Corner> corners, long index) {
    int calls = (corners.size() + TILES_A_CALL - 1) / TILES_A_CALL;
    IntFunction<List<ImageLikelihood>> call =
        i -> {
          int from = i * TILES_A_CALL;
          List<PixelImage> some =
              corners.subList(from, Math.min(corners.size(), from + TILES_A_CALL)).stream()
                  .map(corner -> preprocessing.tile(picture, corner))
                  .toList();
          return scorer.score(some, index * MOST_TILES + from);
        };
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
