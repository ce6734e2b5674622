package io.surprisal.topology;

import io.surprisal.model.batching.SpareLane;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageLikelihood;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A spare lane of which the test says what it has time for, and which image is done when. */
final class HeldSpareLane implements SpareLane {
  private final List<CompletableFuture<ImageLikelihood>> images = new ArrayList<>();
  private boolean busy;

  /** From now on it has no time, or has it again. */
  void setBusy(boolean busy) {
    this.busy = busy;
  }

  @Override
  public Optional<CompletableFuture<ImageLikelihood>> offer(PixelImage image) {
    if (busy) {
      return Optional.empty();
    }
    images.add(new CompletableFuture<>());
    return Optional.of(images.get(images.size() - 1));
  }

  /** The answers, by the order in which the images came. */
  List<CompletableFuture<ImageLikelihood>> answers() {
    return images;
  }

  @Override
  public boolean retire(Duration timeout) {
    return true;
  }
}
