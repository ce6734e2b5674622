package io.surprisal.model.batching;

import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores batches, one stage of one batch at a time, until its queue is closed.
 *
 * <p>Where a batch fails, its halves are tried, down to single images (a device may be out of
 * memory); where a single image fails, a blank one is tried on each of the scorer's devices, and if
 * that fails too, a device has failed, and with it the queue.
 */
final class BatchWorker implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(BatchWorker.class);

  private final BatchQueue queue;

  BatchWorker(BatchQueue queue) {
    this.queue = queue;
  }

  @Override
  public void run() {
    try {
      while (true) {
        Optional<List<WaitingImage>> batch = queue.next();
        if (batch.isEmpty()) {
          return; // closed
        }
        if (!batch.get().isEmpty()) {
          scoreAndLeave(batch.get());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // ends this worker; nobody but its owner interrupts it
    }
  }

  private void scoreAndLeave(List<WaitingImage> batch) {
    try {
      score(batch);
    } catch (RuntimeException | Error e) {
      // Without this worker what waits would wait for ever, and nobody would know.
      fail(batch, new DeviceFailedException("a worker that scores batches has ended", e));
      throw e;
    } finally {
      queue.done(batch.get(0).lane());
    }
  }

  /** One stage of a batch. */
  private void score(List<WaitingImage> batch) {
    Lane lane = batch.get(0).lane();
    ImageScorer scorer = lane.scorer();
    List<ImageLikelihood> likelihoods;
    try {
      scorer.advance(batch.stream().map(WaitingImage::evaluation).toList());
      likelihoods = batch.stream().map(image -> scorer.likelihood(image.evaluation())).toList();
    } catch (RuntimeException | Error e) {
      if (queue.isSpare(lane)) {
        batch.forEach(image -> image.likelihood().completeExceptionally(e));
      } else if (e instanceof RuntimeException failure) {
        retry(batch, failure);
      } else {
        fail(batch, new DeviceFailedException("scoring failed with an error of the JVM", e));
      }
      return;
    }
    List<WaitingImage> goingOn = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      ImageLikelihood likelihood = likelihoods.get(i);
      boolean done = batch.get(i).evaluation().done() == scorer.evaluations();
      if (done || lane.rule().settled(likelihood)) {
        batch.get(i).likelihood().complete(likelihood);
      } else {
        goingOn.add(batch.get(i));
      }
    }
    queue.goOn(goingOn);
  }

  private void retry(List<WaitingImage> batch, RuntimeException cause) {
    if (batch.size() > 1) {
      int half = batch.size() / 2;
      LOG.warn("A batch of {} images failed and is tried in halves", batch.size(), cause);
      score(batch.subList(0, half));
      score(batch.subList(half, batch.size()));
    } else if (works(batch.get(0).lane().scorer())) {
      batch.get(0).likelihood().completeExceptionally(cause);
    } else {
      fail(batch, new DeviceFailedException("not even a blank image can be scored", cause));
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
  private void fail(List<WaitingImage> batch, DeviceFailedException failure) {
    List<WaitingImage> all = new ArrayList<>(batch);
    all.addAll(queue.fail(failure));
    LOG.error("The device has failed; {} images fail with it", all.size(), failure);
    all.forEach(image -> image.likelihood().completeExceptionally(failure));
  }
}
