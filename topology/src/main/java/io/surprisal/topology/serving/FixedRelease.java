package io.surprisal.topology.serving;

import io.surprisal.model.release.Release;
import java.time.Duration;
import java.util.Optional;

/** One release that serves for good, with the alert rate that the member is set up for. */
public final class FixedRelease implements Serving {
  private final ServedRelease release;
  private final ServedModel model;

  /**
   * Loads the release.
   *
   * @throws IllegalArgumentException if it cannot serve here
   */
  public FixedRelease(ReleaseLoader loader, Release release) {
    this.release = loader.load(release);
    try {
      model = this.release.asSetUp();
    } catch (RuntimeException e) {
      this.release.close();
      throw e;
    }
  }

  @Override
  public ServedModel model() {
    return model;
  }

  @Override
  public Optional<ShadowModel> candidate() {
    return Optional.empty();
  }

  @Override
  public boolean awaitFirst(Duration time) {
    return true;
  }

  @Override
  public Optional<Throwable> failure() {
    return Optional.empty();
  }

  @Override
  public void close() {
    release.close();
  }
}
