package io.surprisal.topology.serving;

import io.surprisal.model.scoring.ImageLikelihood;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What the candidate makes of an image.
 *
 * @param candidate that was to score it
 * @param likelihood that it gives, in time; empty: it had no time to spare
 */
public record Shadowed(
    ShadowModel candidate, Optional<CompletableFuture<ImageLikelihood>> likelihood) {

  /** Gives the image up. */
  public void cancel() {
    likelihood.ifPresent(future -> future.cancel(false));
  }
}
