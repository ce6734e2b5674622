package io.surprisal.service.bench;

import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

/**
 * The scorer of the stream without a stream. The first tenth of the images and the last do not
 * count, as in {@link OfferedLoad#drain}.
 */
final class ScorerAlone implements Yardstick {
  static final String NAME = "forward";

  private final ScoringQueue queue;
  private final ImageDataset dataset;
  private final int images;
  private final BooleanSupplier stop;

  /**
   * @param images of a run
   * @param stop asked before every image; once true, a run throws {@link StoppedException}
   */
  ScorerAlone(ScoringQueue queue, ImageDataset dataset, int images, BooleanSupplier stop) {
    this.queue = queue;
    this.dataset = dataset;
    this.images = images;
    this.stop = stop;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public double imagesPerSecond(int round, Runnable progress)
      throws InterruptedException, ExecutionException {
    int from = images / 10;
    int to = images - from;
    List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
    long start = 0;
    long end = 0;
    int waitedFor = 0;
    for (int i = 0; i < images; i++) {
      requireNoStop();
      scores.add(queue.submit(dataset.image(i % dataset.size())));
      progress.run();
      while (waitedFor < scores.size() && scores.get(waitedFor).isDone()) {
        waitedFor++;
        start = waitedFor == from ? System.nanoTime() : start;
        end = waitedFor == to ? System.nanoTime() : end;
      }
    }
    for (; waitedFor < images; waitedFor++) {
      requireNoStop();
      scores.get(waitedFor).get();
      end = waitedFor + 1 == to ? System.nanoTime() : end;
    }
    return (to - from) / ((end - start) * 1e-9);
  }

  private void requireNoStop() {
    if (stop.getAsBoolean()) {
      throw new StoppedException();
    }
  }
}
