package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Where the tiles of pictures that somebody waits for are handed in. */
interface TileLine extends ScoringLane, SecondLooks {

  /**
   * As {@link #submit(PixelImage)}.
   *
   * @param begun is given the tile's evaluation before it stands in line, for {@link #again}
   */
  CompletableFuture<ImageLikelihood> submit(PixelImage tile, Consumer<ImageEvaluation> begun)
      throws InterruptedException;

  @Override
  default CompletableFuture<ImageLikelihood> submit(PixelImage tile) throws InterruptedException {
    return submit(tile, evaluation -> {});
  }
}
