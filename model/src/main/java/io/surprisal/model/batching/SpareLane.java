package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageLikelihood;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Where images that nobody waits for are handed in to a {@link BatchScorer}: a worker takes one
 * when no other image waits, one at a time, so that another that comes meanwhile waits no longer
 * than for that one. What fails here fails alone. It is retired before its scorer is closed.
 * Thread-safe.
 */
public interface SpareLane {

  /**
   * Hands in an image of the model's shape; never blocks.
   *
   * @return completes with the likelihood, or with what went wrong with this image; cancelled where
   *     the scorer is closed first. Empty: too many wait already, or the lane was retired, and the
   *     image is not taken
   */
  Optional<CompletableFuture<ImageLikelihood>> offer(PixelImage image);

  /**
   * Takes no more images, gives up those that wait, and waits for those at hand. After it, nothing
   * uses the scorer any more.
   *
   * @return false if images were still at work when the time was over: the scorer must not be
   *     closed then, and this may be called again
   * @throws InterruptedException if the thread is interrupted while it waits; no more images are
   *     taken all the same
   */
  boolean retire(Duration timeout) throws InterruptedException;
}
