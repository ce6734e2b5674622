package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.concurrent.CompletableFuture;

/** Where images of many callers wait for their scores. Thread-safe. */
@FunctionalInterface
public interface ScoringQueue {
  /**
   * Hands in an image of the model's shape; blocks while the queue is full.
   *
   * @return completes with the likelihood, or with what went wrong with this image alone; with
   *     {@link DeviceFailedException} where no image can be scored any more. Images may complete in
   *     any order. A caller that gave an image up cancels it; the queue may then leave it out
   * @throws DeviceFailedException if the queue was closed
   * @throws InterruptedException if the thread is interrupted while the queue is full; the image is
   *     not taken then
   */
  CompletableFuture<ImageLikelihood> submit(PixelImage image) throws InterruptedException;
}
