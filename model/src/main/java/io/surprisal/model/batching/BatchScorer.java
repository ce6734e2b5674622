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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One scorer for all: images from any number of threads wait in one bounded queue, and workers take
 * them in batches that are full or have waited long enough. A batch never mixes scorers, and so
 * never releases.
 *
 * <p>Images of a {@link SpareLane} wait in a queue of their own, which is looked at when this one
 * is empty.
 *
 * <p>Where a batch fails, its halves are tried, down to single images (a device may be out of
 * memory); where a single image fails, a blank one is tried on each of the scorer's devices, and if
 * that fails too, a device has failed: everything that waits fails with {@link
 * DeviceFailedException}, and so does all that comes.
 *
 * <p>Owns its worker threads; {@link #close()} ends them after the batch at hand. The scorers stay
 * their makers'.
 */
public final class BatchScorer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BatchScorer.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final int batch;
  private final long lingerNanos;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Condition taken = lock.newCondition();

  /** Somebody has stopped using a lane. */
  private final Condition laneLeft = lock.newCondition();

  private final Deque<Request> waiting = new ArrayDeque<>();

  /** Images that nobody waits for. */
  private final Deque<Request> spare = new ArrayDeque<>();

  private final List<Thread> workers = new ArrayList<>();
  private int idle;
  private DeviceFailedException failed;
  private boolean closed;

  /** Images of one caller's queue: one scorer, one rule. */
  private final class Lane implements ScoringLane {
    private final ImageScorer scorer;
    private final StoppingRule rule;

    /** Where its images wait. */
    private final Deque<Request> queue;

    /** Callers that are handing an image in. */
    private int entering;

    /** Batches that workers have taken. */
    private int batches;

    private boolean retired;

    Lane(ImageScorer scorer, StoppingRule rule, Deque<Request> queue) {
      this.scorer = scorer;
      this.rule = rule;
      this.queue = queue;
    }

    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage image) throws InterruptedException {
      return BatchScorer.this.submit(this, image);
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      long left = timeout.toNanos();
      lock.lock();
      try {
        retired = true;
        while (inUse() && left > 0) {
          left = laneLeft.awaitNanos(left);
        }
        return !inUse();
      } finally {
        lock.unlock();
      }
    }

    private boolean inUse() {
      return entering > 0
          || batches > 0
          || queue.stream().anyMatch(request -> request.lane() == this);
    }
  }

  /** Images that nobody waits for: those of a lane that only {@link #spare} holds. */
  private final class Spare implements SpareLane {
    private final Lane lane;

    Spare(Lane lane) {
      this.lane = lane;
    }

    @Override
    public Optional<CompletableFuture<ImageLikelihood>> offer(PixelImage image) {
      return BatchScorer.this.offer(lane, image);
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      giveUp(request -> request.lane() == lane);
      return lane.retire(timeout);
    }
  }

  private record Request(
      Lane lane,
      ImageEvaluation evaluation,
      long arrival,
      CompletableFuture<ImageLikelihood> likelihood) {}

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
    this.batch = batch;
    this.lingerNanos = linger.toNanos();
    this.capacity = capacity;
    for (int i = 1; i <= workers; i++) {
      Thread worker = new Thread(this::work, "scorer-" + i);
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
    return new Lane(scorer, rule, waiting);
  }

  /** The same without a rule: every image gets all evaluations. */
  public ScoringLane queue(ImageScorer scorer) {
    return queue(scorer, StoppingRule.NEVER);
  }

  /** The same for images that nobody waits for. */
  public SpareLane spare(ImageScorer scorer, StoppingRule rule) {
    return new Spare(new Lane(scorer, rule, spare));
  }

  private CompletableFuture<ImageLikelihood> submit(Lane lane, PixelImage image)
      throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (lane.retired) {
        throw new RetiredException();
      }
      lane.entering++;
    } finally {
      lock.unlock();
    }
    try {
      return enqueue(lane, image);
    } finally {
      lock.lock();
      try {
        lane.entering--;
        laneLeft.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private CompletableFuture<ImageLikelihood> enqueue(Lane lane, PixelImage image)
      throws InterruptedException {
    CompletableFuture<ImageLikelihood> likelihood = new CompletableFuture<>();
    ImageEvaluation evaluation;
    try {
      evaluation = lane.scorer.begin(image, 0);
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedFuture(e); // the image is not of the model's shape
    }
    lock.lockInterruptibly();
    try {
      while (waiting.size() >= capacity && failed == null && !closed) {
        taken.await();
      }
      if (closed) {
        throw new DeviceFailedException("the scorer is closed");
      }
      if (failed != null) {
        likelihood.completeExceptionally(failed);
      } else {
        waiting.add(new Request(lane, evaluation, System.nanoTime(), likelihood));
        arrived.signal();
      }
    } finally {
      lock.unlock();
    }
    return likelihood;
  }

  private Optional<CompletableFuture<ImageLikelihood>> offer(Lane lane, PixelImage image) {
    if (!takes(lane)) {
      return Optional.empty();
    }
    ImageEvaluation evaluation;
    try {
      evaluation = lane.scorer.begin(image, 0);
    } catch (IllegalArgumentException e) {
      return Optional.of(CompletableFuture.failedFuture(e)); // the image is not of its shape
    }
    lock.lock();
    try {
      if (!takes(lane)) {
        return Optional.empty();
      }
      CompletableFuture<ImageLikelihood> likelihood = new CompletableFuture<>();
      spare.add(new Request(lane, evaluation, System.nanoTime(), likelihood));
      arrived.signal();
      return Optional.of(likelihood);
    } finally {
      lock.unlock();
    }
  }

  private boolean takes(Lane lane) {
    lock.lock();
    try {
      return !lane.retired && !closed && failed == null && spare.size() < capacity;
    } finally {
      lock.unlock();
    }
  }

  /** Cancels images that nobody waits for. */
  private void giveUp(Predicate<Request> which) {
    List<Request> left;
    lock.lock();
    try {
      left = spare.stream().filter(which).toList();
      spare.removeAll(left);
    } finally {
      lock.unlock();
    }
    left.forEach(request -> request.likelihood().cancel(false));
  }

  /** How many images wait to be taken by a worker. */
  public int backlog() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    try {
      while (true) {
        Optional<List<Request>> requests = next();
        if (requests.isEmpty()) {
          return; // closed
        }
        if (!requests.get().isEmpty()) {
          scoreAndLeave(requests.get());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // ends this worker; nobody but close() interrupts it
    }
  }

  /** The next batch, once it is full or its first image has waited for long enough. */
  private Optional<List<Request>> next() throws InterruptedException {
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
        long left = lingerNanos - (System.nanoTime() - waiting.peek().arrival());
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

  private void await(long nanos) throws InterruptedException {
    idle++;
    try {
      arrived.awaitNanos(nanos);
    } finally {
      idle--;
    }
  }

  /** The images at the head of a queue that share a lane; none where all were given up. */
  private List<Request> take(Deque<Request> queue, int most) {
    List<Request> requests = new ArrayList<>();
    Lane lane = queue.peek().lane();
    while (requests.size() < most && !queue.isEmpty() && queue.peek().lane() == lane) {
      Request request = queue.poll();
      if (!request.likelihood().isCancelled()) {
        requests.add(request);
      }
    }
    if (!requests.isEmpty()) {
      lane.batches++;
    }
    taken.signalAll();
    laneLeft.signalAll(); // those that were given up have left
    if (!waiting.isEmpty() || !spare.isEmpty()) {
      arrived.signal(); // another worker may have a batch too
    }
    return requests;
  }

  private void scoreAndLeave(List<Request> requests) {
    Lane lane = requests.get(0).lane();
    try {
      score(requests);
    } finally {
      lock.lock();
      try {
        lane.batches--;
        laneLeft.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** One stage of a batch. */
  private void score(List<Request> requests) {
    ImageScorer scorer = requests.get(0).lane().scorer;
    List<ImageLikelihood> likelihoods;
    try {
      scorer.advance(requests.stream().map(Request::evaluation).toList());
      likelihoods = requests.stream().map(r -> scorer.likelihood(r.evaluation())).toList();
    } catch (RuntimeException | Error e) {
      if (requests.get(0).lane().queue == spare) {
        requests.forEach(request -> request.likelihood().completeExceptionally(e));
      } else if (e instanceof RuntimeException failure) {
        retry(requests, failure);
      } else {
        fail(requests, new DeviceFailedException("scoring failed with an error of the JVM", e));
      }
      return;
    }
    List<Request> goingOn = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      Request request = requests.get(i);
      ImageLikelihood likelihood = likelihoods.get(i);
      boolean done = likelihood.evaluations() == scorer.evaluations();
      if (done || request.lane().rule.settled(likelihood)) {
        request.likelihood().complete(likelihood);
      } else {
        goingOn.add(request);
      }
    }
    goOn(goingOn);
  }

  /** Puts images back at the head of the queue: they have waited longest, and fill its batches. */
  private void goOn(List<Request> requests) {
    lock.lock();
    try {
      if (failed != null) {
        requests.forEach(request -> request.likelihood().completeExceptionally(failed));
        return;
      }
      if (closed) {
        requests.forEach(request -> request.likelihood().cancel(false));
        return;
      }
      for (int i = requests.size() - 1; i >= 0; i--) {
        requests.get(i).lane().queue.addFirst(requests.get(i));
      }
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  private void retry(List<Request> requests, RuntimeException cause) {
    if (requests.size() > 1) {
      int half = requests.size() / 2;
      LOG.warn("A batch of {} images failed and is tried in halves", requests.size(), cause);
      score(requests.subList(0, half));
      score(requests.subList(half, requests.size()));
    } else if (works(requests.get(0).lane().scorer)) {
      requests.get(0).likelihood().completeExceptionally(cause);
    } else {
      fail(requests, new DeviceFailedException("not even a blank image can be scored", cause));
    }
  }

  private static boolean works(ImageScorer scorer) {
    try {
      scorer.scoreBlank();
      return true;
    } catch (RuntimeException e) {
      LOG.error("A blank image cannot be scored", e);
      return false;
    }
  }

  /** Ends everything: these images, those that wait, and those that will come. */
  private void fail(List<Request> requests, DeviceFailedException failure) {
    List<Request> all = new ArrayList<>(requests);
    lock.lock();
    try {
      failed = failure;
      all.addAll(waiting);
      all.addAll(spare);
      waiting.clear();
      spare.clear();
      taken.signalAll();
    } finally {
      lock.unlock();
    }
    LOG.error("The device has failed; {} images fail with it", all.size(), failure);
    all.forEach(request -> request.likelihood().completeExceptionally(failure));
  }

  /**
   * Ends the workers after the batches at hand; images that still wait are cancelled.
   *
   * @throws IllegalStateException if a worker does not end within 30 seconds: the scorers that it
   *     uses must not be closed then
   */
  @Override
  public void close() {
    List<Request> left;
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
    left.forEach(request -> request.likelihood().cancel(false));
    giveUp(request -> true);
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
