package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.scoring.ImageLikelihood;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Lanes of pictures that go through the network tile by tile. The tiles of all pictures wait in one
 * line and share batches; a picture is done with its last tile. A tile is cut when there is room
 * for it, so that a picture holds no more memory than its own and what the line allows.
 */
final class TileLanes {
  private TileLanes() {}

  /** Pictures that somebody waits for. */
  record Awaited(ScoringLane tiles, Preprocessing preprocessing) implements ScoringLane {
    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage picture)
        throws InterruptedException {
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      try {
        for (Tiling.Corner corner : preprocessing.corners(picture)) {
          scores.add(tiles.submit(preprocessing.tile(picture, corner)));
        }
      } catch (InterruptedException | RuntimeException e) {
        giveUp(scores);
        throw e;
      }
      return whole(scores, picture, preprocessing);
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      return tiles.retire(timeout);
    }
  }

  /** Pictures that nobody waits for: each is taken with all its tiles, or not at all. */
  record Spare(Lane.Spare tiles, Preprocessing preprocessing) implements SpareLane {
    @Override
    public Optional<CompletableFuture<ImageLikelihood>> offer(PixelImage picture) {
      return tiles
          .offerAll(
              preprocessing.corners(picture).stream()
                  .map(corner -> preprocessing.tile(picture, corner))
                  .toList())
          .map(scores -> whole(scores, picture, preprocessing));
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      return tiles.retire(timeout);
    }
  }

  private static void giveUp(List<CompletableFuture<ImageLikelihood>> scores) {
    scores.forEach(score -> score.cancel(false));
  }

  /**
   * Completes with the picture's score, or with what went wrong with the first tile that failed.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // what fails in them fails the picture
  private static CompletableFuture<ImageLikelihood> whole(
      List<CompletableFuture<ImageLikelihood>> scores,
      PixelImage picture,
      Preprocessing preprocessing) {
    List<Tiling.Corner> corners = preprocessing.corners(picture);
    int height = picture.height();
    int width = picture.width();
    CompletableFuture<ImageLikelihood> whole = new CompletableFuture<>();
    CompletableFuture.allOf(scores.toArray(CompletableFuture[]::new))
        .thenApply(
            nothing ->
                ImageLikelihood.ofTiles(
                    scores.stream().map(CompletableFuture::join).toList(), corners, height, width))
        .whenComplete(
            (score, failure) -> {
              if (failure == null) {
                whole.complete(score);
              } else {
                whole.completeExceptionally(
                    failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure);
              }
            });
    whole.whenComplete(
        (score, failure) -> {
          if (whole.isCancelled()) {
            giveUp(scores);
          }
        });
    return whole;
  }
}
