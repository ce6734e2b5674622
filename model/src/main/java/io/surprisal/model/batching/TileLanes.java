package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.SecondLook;
import io.surprisal.model.scoring.StoppingRule;
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
 *
 * <p>Where the scorer looks twice, the worker that has done the last tile of the first look puts
 * those of the second at the head of the line.
 */
final class TileLanes {

  /** Every tile comes back after each look. */
  static final StoppingRule ONE_LOOK = likelihood -> true;

  private TileLanes() {}

  /** Pictures that somebody waits for. */
  record Awaited(TileLine tiles, Preprocessing preprocessing) implements ScoringLane {
    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage picture)
        throws InterruptedException {
      Picture whole = new Picture(tiles, preprocessing.corners(picture));
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      try {
        for (Tiling.Corner corner : whole.corners) {
          scores.add(tiles.submit(preprocessing.tile(picture, corner), whole.tiles::add));
        }
      } catch (InterruptedException | RuntimeException e) {
        giveUp(scores);
        throw e;
      }
      return whole.score(scores, picture.height(), picture.width());
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
      Picture whole = new Picture(tiles, preprocessing.corners(picture));
      return tiles
          .offerAll(
              whole.corners.stream().map(corner -> preprocessing.tile(picture, corner)).toList(),
              whole.tiles::add)
          .map(scores -> whole.score(scores, picture.height(), picture.width()));
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      return tiles.retire(timeout);
    }
  }

  private static void giveUp(List<CompletableFuture<ImageLikelihood>> scores) {
    scores.forEach(score -> score.cancel(false));
  }

  /** A picture on its way. */
  private static final class Picture {
    private final SecondLooks looks;
    private final List<Tiling.Corner> corners;

    /** In the order of the corners; all of them once all are handed in. */
    private final List<ImageEvaluation> tiles = new ArrayList<>();

    Picture(SecondLooks looks, List<Tiling.Corner> corners) {
      this.looks = looks;
      this.corners = corners;
    }

    /**
     * Completes with the picture's score, or with what went wrong with the first tile that failed.
     *
     * @param first of its tiles after the first look
     */
    CompletableFuture<ImageLikelihood> score(
        List<CompletableFuture<ImageLikelihood>> first, int height, int width) {
      Optional<SecondLook> secondLook = looks.secondLook();
      return whole(
          all(first)
              .thenApply(scores -> ImageLikelihood.ofTiles(scores, corners, height, width))
              .thenCompose(
                  picture ->
                      secondLook
                          .map(look -> lookAgain(look, picture))
                          .orElseGet(() -> CompletableFuture.completedFuture(picture))),
          first);
    }

    private CompletableFuture<ImageLikelihood> lookAgain(SecondLook look, ImageLikelihood picture) {
      List<Integer> opened = look.of(picture, corners);
      return all(looks.again(opened.stream().map(tiles::get).toList()))
          .thenApply(again -> SecondLook.whole(picture, corners, opened, again));
    }
  }

  private static CompletableFuture<List<ImageLikelihood>> all(
      List<CompletableFuture<ImageLikelihood>> scores) {
    return CompletableFuture.allOf(scores.toArray(CompletableFuture[]::new))
        .thenApply(nothing -> scores.stream().map(CompletableFuture::join).toList());
  }

  /** What went wrong as it was, and given up with what it is made of. */
  @SuppressWarnings("FutureReturnValueIgnored") // what fails in them fails the picture
  private static CompletableFuture<ImageLikelihood> whole(
      CompletableFuture<ImageLikelihood> score, List<CompletableFuture<ImageLikelihood>> tiles) {
    CompletableFuture<ImageLikelihood> whole = new CompletableFuture<>();
    score.whenComplete(
        (likelihood, failure) -> {
          if (failure == null) {
            whole.complete(likelihood);
          } else {
            whole.completeExceptionally(
                failure instanceof CompletionException && failure.getCause() != null
                    ? failure.getCause()
                    : failure);
          }
        });
    whole.whenComplete(
        (likelihood, failure) -> {
          if (whole.isCancelled()) {
            giveUp(tiles);
          }
        });
    return whole;
  }
}
