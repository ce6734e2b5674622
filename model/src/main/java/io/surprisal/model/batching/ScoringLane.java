package io.surprisal.model.batching;

import java.time.Duration;

/**
 * Where images for one scorer, and so for one release, are handed in to a {@link BatchScorer}. It
 * is retired before its scorer is closed.
 */
public interface ScoringLane extends ScoringQueue {

  /**
   * Takes no more images, and waits for those that were handed in. After it, nothing uses the
   * scorer any more.
   *
   * @return false if images were still at work when the time was over: the scorer must not be
   *     closed then, and this may be called again
   * @throws InterruptedException if the thread is interrupted while it waits; no more images are
   *     taken all the same
   */
  boolean retire(Duration timeout) throws InterruptedException;
}
