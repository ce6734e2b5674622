package io.surprisal.topology.serving;

import java.time.Duration;
import java.util.Optional;

/**
 * What a member scores with: one release for good ({@link FixedRelease}), or whichever is announced
 * ({@link ReleaseFollower}). Owns native memory: closed after the stream has ended.
 */
public interface Serving extends AutoCloseable {

  /**
   * The model that serves now; asked for each image, by any thread.
   *
   * @throws IllegalStateException if none does yet, see {@link #awaitFirst}
   */
  ServedModel model();

  /** The release that is tried beside the one that serves, empty while none is. */
  Optional<ShadowModel> candidate();

  /** Waits for the first release; false if none serves after the time. */
  boolean awaitFirst(Duration time) throws InterruptedException;

  /** What ended it for good, though not what serves; empty while it works. */
  Optional<Throwable> failure();

  @Override
  void close();
}
