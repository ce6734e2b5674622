package io.surprisal.model.batching;

import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.StoppingRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One scorer for all: images from any number of threads wait in one bounded {@link BatchQueue}, and
 * each {@link BatchWorker} takes them in batches that are full or have waited long enough. A batch
 * never mixes scorers, and so never releases.
 *
 * <p>A batch that fails fails no image that can be scored alone; where not even a blank one can, a
 * device has failed: everything that waits fails with {@link DeviceFailedException}, and so does
 * all that comes.
 *
 * <p>Owns its worker threads; {@link #close()} ends them after the batch at hand. The scorers stay
 * their makers'.
 */
public final class BatchScorer implements AutoCloseable {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final BatchQueue queue;
  private final List<Thread> workers = new ArrayList<>();

  /**
   * Starts the workers.
   *
   * @param workers how many batches are scored side by side, at least 1
   * @param batch most images of a batch, at least 1
   * @param linger how long the first image of a batch waits for others
   * @param capacity most images that wait, at least {@code batch}
   */
  public BatchScorer(int workers, int batch, Duration linger, int capacity) {
    if (workers < 1 || batch < 1 || linger.isNegative() || capacity < batch) {
      throw new IllegalArgumentException(
          "%d workers, batches of %d images, linger %s, capacity %d; needed are at least 1 worker, 1 image, no negative linger, and room for a batch"
              .formatted(workers, batch, linger, capacity));
    }
    queue = new BatchQueue(batch, linger, capacity);
    for (int i = 1; i <= workers; i++) {
      Thread worker = new Thread(new BatchWorker(queue), "scorer-" + i);
      worker.setDaemon(true);
      this.workers.add(worker);
      worker.start();
    }
  }

  /**
   * Where images for one scorer, and so for one release, are handed in.
   *
   * @param rule asked after each of the scorer's stages but the last
   */
  public ScoringLane queue(ImageScorer scorer, StoppingRule rule) {
    return new Lane.Awaited(queue, queue.lane(scorer, rule));
  }

  /** Where images for one scorer are handed in that get all evaluations. */
  public ScoringLane queue(ImageScorer scorer) {
    return queue(scorer, StoppingRule.NEVER);
  }

  /**
   * Where images or pictures for one release are handed in, after its preprocessing has been
   * applied to them. Which evaluations tiles get is said by the scorer's looks, whatever the rule.
   *
   * @param preprocessing of the release
   * @param rule asked after each of the scorer's stages but the last
   */
  public ScoringLane queue(ImageScorer scorer, Preprocessing preprocessing, StoppingRule rule) {
    return preprocessing.tiling().isEmpty()
        ? queue(scorer, rule)
        : new TileLanes.Awaited(
            new Lane.Awaited(queue, queue.lane(scorer, TileLanes.ONE_LOOK)), preprocessing);
  }

  /** As {@link #queue(ImageScorer, Preprocessing, StoppingRule)}, where nobody waits for them. */
  public SpareLane spare(ImageScorer scorer, Preprocessing preprocessing, StoppingRule rule) {
    return preprocessing.tiling().isEmpty()
        ? spare(scorer, rule)
        : new TileLanes.Spare(
            new Lane.Spare(queue, queue.spareLane(scorer, TileLanes.ONE_LOOK)), preprocessing);
  }

  /**
   * Where images are handed in that nobody waits for: they are scored when no other image waits.
   *
   * @param rule asked after each of the scorer's stages but the last
   */
  public SpareLane spare(ImageScorer scorer, StoppingRule rule) {
    return new Lane.Spare(queue, queue.spareLane(scorer, rule));
  }

  /** How many batches workers have taken since the start. */
  public long batches() {
    return queue.batches();
  }

  /** How many images, or tiles, these batches had. */
  public long batchedImages() {
    return queue.batched();
  }

  /** How many images wait to be taken by a worker; those that nobody waits for do not count. */
  public int backlog() {
    return queue.backlog();
  }

  /**
   * Ends the workers after the batches at hand; images that still wait are cancelled.
   *
   * @throws IllegalStateException if a worker does not end within 30 seconds: the scorers that it
   *     uses must not be closed then
   */
  @Override
  public void close() {
    queue.close();
    long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
    for (Thread worker : workers) {
      join(worker, deadline);
    }
  }

  private static void join(Thread worker, long deadline) {
    boolean interrupted = false;
    while (worker.isAlive()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new IllegalStateException(worker.getName() + " is still at work");
      }
      try {
        worker.join(left);
      } catch (InterruptedException e) {
        interrupted = true; // the native memory below outlives the worker, so wait all the same
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
