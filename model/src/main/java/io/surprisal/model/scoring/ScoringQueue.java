package io.surprisal.model.scoring;

import io.surprisal.model.images.PixelImage;
import java.util.concurrent.CompletableFuture;

/** Where images of many callers wait for their scores. Thread-safe. */
public interface ScoringQueue {

  /**
   * Hands in an image of the model's shape. Blocks while the queue is full.
   *
   * @return completes with the likelihood, or with the failure of this image alone; results may
   *     complete in any order. An {@link Error} or a {@link DeviceFailedException} is no failure of
   *     the image. A caller that gave the image up cancels it; the queue may then leave it out
   * @throws DeviceFailedException if no device is left to score with, or the queue was closed
   * @throws InterruptedException if the thread is interrupted while it waits; the image is not in
   *     the queue then
   */
  CompletableFuture<ImageLikelihood> submit(PixelImage image) throws InterruptedException;
}
