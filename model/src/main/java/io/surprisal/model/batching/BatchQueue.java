package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.StoppingRule;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Images of all callers in one bounded line, from which batches are taken once they are full or
 * have waited long enough. A batch holds images of one lane. Images that nobody waits for stand in
 * a line of their own, which is looked at when the first is empty.
 *
 * <p>Thread-safe: one lock guards both lines and the counts of every {@link Lane}.
 */
final class BatchQueue {
  private final int batch;
  private final long lingerNanos;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Condition taken = lock.newCondition();

  /** Somebody has stopped using a lane. */
  private final Condition laneLeft = lock.newCondition();

  private final LongAdder batches = new LongAdder();
  private final LongAdder batched = new LongAdder();
  private final Deque<WaitingImage> waiting = new ArrayDeque<>();

  /** Images that nobody waits for. */
  private final Deque<WaitingImage> spare = new ArrayDeque<>();

  /** Workers that wait for a batch. */
  private int idle;

  private Optional<DeviceFailedException> failed = Optional.empty();
  private boolean closed;

  /**
   * A queue.
   *
   * @param batch most images of a batch, at least 1
   * @param linger how long the first image of a batch waits for others
   * @param capacity most images in a line, at least {@code batch}
   */
  BatchQueue(int batch, Duration linger, int capacity) {
    this.batch = batch;
    this.lingerNanos = linger.toNanos();
    this.capacity = capacity;
  }

  Lane lane(ImageScorer scorer, StoppingRule rule) {
    return new Lane(scorer, rule, waiting);
  }

  Lane spareLane(ImageScorer scorer, StoppingRule rule) {
    return new Lane(scorer, rule, spare);
  }

  boolean isSpare(Lane lane) {
    return lane.line() == spare;
  }

  /**
   * Puts an image in line; blocks while that is full. See {@link ScoringQueue#submit}.
   *
   * @param begun is given the image's evaluation before it stands in line
   */
  CompletableFuture<ImageLikelihood> submit(
      Lane lane, PixelImage image, Consumer<ImageEvaluation> begun) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (lane.retired()) {
        throw new RetiredException();
      }
      lane.enter();
    } finally {
      lock.unlock();
    }
    try {
      return enqueue(lane, image, begun);
    } finally {
      lock.lock();
      try {
        lane.leave();
        laneLeft.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private CompletableFuture<ImageLikelihood> enqueue(
      Lane lane, PixelImage image, Consumer<ImageEvaluation> begun) throws InterruptedException {
    ImageEvaluation evaluation;
    try {
      evaluation = lane.scorer().begin(image, 0);
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedFuture(e); // the image is not of the model's shape
    }
    begun.accept(evaluation);
    lock.lockInterruptibly();
    try {
      while (waiting.size() >= capacity && failed.isEmpty() && !closed) {
        taken.await();
      }
      if (closed) {
        throw new DeviceFailedException("the scorer is closed");
      }
      if (failed.isPresent()) {
        return CompletableFuture.failedFuture(failed.get());
      }
      return add(lane, evaluation);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Puts images that nobody waits for and that belong together in line, where there is room for
   * one: so their number is no matter. Never blocks.
   *
   * @param begun is given the images' evaluations in their order, before they stand in line
   */
  Optional<List<CompletableFuture<ImageLikelihood>>> offerAll(
      Lane lane, List<PixelImage> images, Consumer<ImageEvaluation> begun) {
    if (!takes(lane)) {
      return Optional.empty();
    }
    List<ImageEvaluation> evaluations;
    try {
      evaluations = images.stream().map(image -> lane.scorer().begin(image, 0)).toList();
    } catch (IllegalArgumentException e) { // an image is not of the model's shape
      return Optional.of(
          images.stream()
              .map(image -> CompletableFuture.<ImageLikelihood>failedFuture(e))
              .toList());
    }
    evaluations.forEach(begun);
    lock.lock();
    try {
      return takes(lane)
          ? Optional.of(evaluations.stream().map(evaluation -> add(lane, evaluation)).toList())
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private boolean takes(Lane lane) {
    lock.lock();
    try {
      return !lane.retired() && !closed && failed.isEmpty() && spare.size() < capacity;
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<ImageLikelihood> add(Lane lane, ImageEvaluation evaluation) {
    CompletableFuture<ImageLikelihood> likelihood = new CompletableFuture<>();
    lane.line().add(new WaitingImage(lane, evaluation, System.nanoTime(), likelihood));
    arrived.signal();
    return likelihood;
  }

  /** Cancels images that nobody waits for. */
  void giveUpSpare(Predicate<WaitingImage> which) {
    List<WaitingImage> left;
    lock.lock();
    try {
      left = spare.stream().filter(which).toList();
      spare.removeAll(left);
    } finally {
      lock.unlock();
    }
    left.forEach(image -> image.likelihood().cancel(false));
  }

  /** Takes no more images of a lane, and waits for those in line and at work. */
  boolean retire(Lane lane, Duration timeout) throws InterruptedException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      lane.retire();
      while (lane.inUse() && left > 0) {
        left = laneLeft.awaitNanos(left);
      }
      return !lane.inUse();
    } finally {
      lock.unlock();
    }
  }

  /** Batches that workers have taken. */
  long batches() {
    return batches.sum();
  }

  /** Images of these batches. */
  long batched() {
    return batched.sum();
  }

  /** How many images wait to be taken by a worker. */
  int backlog() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next batch, once it is full or its first image has waited for long enough; without images
   * where all of it were given up. The worker that takes it says {@link #done} afterwards.
   *
   * @return empty once the queue is closed
   */
  Optional<List<WaitingImage>> next() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed) {
        if (waiting.isEmpty()) {
          if (!spare.isEmpty()) {
            return Optional.of(take(spare, 1));
          }
          await(Long.MAX_VALUE);
          continue;
        }
        long left = lingerNanos - (System.nanoTime() - waiting.element().arrival());
        if (left <= 0 || waiting.size() >= batch) {
          // No more than leaves the idle workers as many.
          return Optional.of(take(waiting, Math.min(batch, (waiting.size() + idle) / (idle + 1))));
        }
        await(left);
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // callers look again at what there is
  private void await(long nanos) throws InterruptedException {
    idle++;
    try {
      arrived.awaitNanos(nanos);
    } finally {
      idle--;
    }
  }

  /** The images at the head of a line that share a lane; none where all were given up. */
  private List<WaitingImage> take(Deque<WaitingImage> line, int most) {
    List<WaitingImage> images = new ArrayList<>();
    Lane lane = line.element().lane();
    while (images.size() < most && !line.isEmpty() && line.element().lane() == lane) {
      WaitingImage image = line.remove();
      if (!image.likelihood().isCancelled()) {
        images.add(image);
      }
    }
    if (!images.isEmpty()) {
      batches.increment();
      batched.add(images.size());
      lane.batchTaken();
    }
    taken.signalAll();
    laneLeft.signalAll(); // those that were given up have left
    if (!waiting.isEmpty() || !spare.isEmpty()) {
      arrived.signal(); // another worker may have a batch too
    }
    return images;
  }

  /** A worker has done with a batch of a lane. */
  void done(Lane lane) {
    lock.lock();
    try {
      lane.batchDone();
      laneLeft.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Puts images back at the head of their line: they have waited longest, and fill its batches. */
  void goOn(List<WaitingImage> images) {
    lock.lock();
    try {
      if (failed.isPresent()) {
        images.forEach(image -> image.likelihood().completeExceptionally(failed.get()));
        return;
      }
      if (closed) {
        images.forEach(image -> image.likelihood().cancel(false));
        return;
      }
      for (int i = images.size() - 1; i >= 0; i--) {
        images.get(i).lane().line().addFirst(images.get(i));
      }
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Puts images that have had a stage back at the head of their line, for the next. They have been
   * let in once, so that they are not asked for room again: never blocks.
   *
   * @param evaluations of images of the lane, which is in use meanwhile
   * @return completes as those of {@link #submit}
   */
  List<CompletableFuture<ImageLikelihood>> again(Lane lane, List<ImageEvaluation> evaluations) {
    List<WaitingImage> images =
        evaluations.stream()
            .map(
                evaluation ->
                    new WaitingImage(
                        lane, evaluation, System.nanoTime(), new CompletableFuture<>()))
            .toList();
    goOn(images);
    return images.stream().map(WaitingImage::likelihood).toList();
  }

  /**
   * Takes no more images at all.
   *
   * @return all that waited, for the caller to fail
   */
  List<WaitingImage> fail(DeviceFailedException failure) {
    lock.lock();
    try {
      failed = Optional.of(failure);
      List<WaitingImage> all = new ArrayList<>(waiting);
      all.addAll(spare);
      waiting.clear();
      spare.clear();
      taken.signalAll();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /** Gives no more batches, and cancels the images that still wait. */
  void close() {
    List<WaitingImage> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(waiting);
      waiting.clear();
      arrived.signalAll();
      taken.signalAll();
    } finally {
      lock.unlock();
    }
    left.forEach(image -> image.likelihood().cancel(false));
    giveUpSpare(image -> true);
  }
}
