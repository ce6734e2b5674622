package io.surprisal.topology.serving;

import io.surprisal.model.release.Release;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The releases that a member has loaded: the one that serves; the one before, so that a rollback is
 * instant; the one that is tried beside them; and those that go once their last image is scored.
 * Owns their native memory. {@link #served} and {@link #candidate} may be asked by all threads, the
 * rest by one alone.
 */
final class LoadedReleases {
  private static final Logger LOG = LoggerFactory.getLogger(LoadedReleases.class);

  /** Gives a release that is not loaded yet. */
  @FunctionalInterface
  interface Source {

    /**
     * @throws IOException if it cannot be had
     */
    Release get() throws IOException;
  }

  private record Loaded(String id, ServedRelease release) {}

  private final ReleaseLoader loader;
  private final List<Loaded> retiring = new ArrayList<>();
  private Optional<Loaded> active = Optional.empty();
  private Optional<Loaded> before = Optional.empty();
  private Optional<Loaded> tried = Optional.empty();
  private volatile Optional<ServedModel> served = Optional.empty();
  private volatile Optional<ShadowModel> shadow = Optional.empty();

  LoadedReleases(ReleaseLoader loader) {
    this.loader = loader;
  }

  /** What serves now, empty before the first. */
  Optional<ServedModel> served() {
    return served;
  }

  /** What is tried beside it now, empty while nothing is. */
  Optional<ShadowModel> candidate() {
    return shadow;
  }

  /** Id of the release that serves, empty before the first. */
  Optional<String> active() {
    return active.map(Loaded::id);
  }

  /** Id of the release that is tried, empty while none is. */
  Optional<String> tried() {
    return tried.map(Loaded::id);
  }

  /**
   * Lets a release serve from the next image on; the one that served stays loaded, the one before
   * that goes.
   *
   * @param alertRate share of normal images to alert on, in (0, 1); empty: as this member is set up
   * @param source of the release, where it is not loaded
   * @throws IllegalArgumentException if the release cannot serve so; what served goes on
   */
  void serve(String id, OptionalDouble alertRate, Source source) throws IOException {
    Loaded next = loaded(id, source);
    try {
      served = Optional.of(next.release().at(alertRate));
    } catch (RuntimeException e) {
      letGo(next);
      throw e;
    }
    Optional<Loaded> over = active.filter(now -> !now.id().equals(id));
    active = Optional.of(next);
    if (over.isPresent()) {
      Optional<Loaded> oldest = before;
      before = over;
      oldest.ifPresent(this::letGo);
    }
  }

  /**
   * Tries a release on a share of the images.
   *
   * @param alertRate as of {@link #serve}
   * @param share of the images, in (0, 1]
   * @param refusal is told, by any thread, why it cannot be tried any further
   * @param source of the release, where it is not loaded
   * @throws IllegalArgumentException if the release cannot be tried so; none is tried then
   */
  void tryOut(
      String id, OptionalDouble alertRate, double share, Consumer<String> refusal, Source source)
      throws IOException {
    Loaded next = loaded(id, source);
    Optional<Loaded> over = tried.filter(last -> !last.equals(next));
    tried = Optional.of(next);
    over.ifPresent(this::letGo);
    try {
      shadow = Optional.of(next.release().inShadow(alertRate, share, refusal));
    } catch (RuntimeException e) {
      endTrial();
      throw e;
    }
  }

  /** Nothing is tried any more. */
  void endTrial() {
    shadow = Optional.empty();
    Optional<Loaded> over = tried;
    tried = Optional.empty();
    over.ifPresent(
        release -> {
          LOG.info("No longer tries release {}", release.id());
          letGo(release);
        });
  }

  private Loaded loaded(String id, Source source) throws IOException {
    Optional<Loaded> there = kept().stream().filter(loaded -> loaded.id().equals(id)).findFirst();
    return there.isPresent() ? there.get() : new Loaded(id, loader.load(source.get()));
  }

  private List<Loaded> kept() {
    List<Loaded> kept = new ArrayList<>();
    active.ifPresent(kept::add);
    before.filter(loaded -> !kept.contains(loaded)).ifPresent(kept::add);
    tried.filter(loaded -> !kept.contains(loaded)).ifPresent(kept::add);
    return kept;
  }

  /** Closes a release once its last image is scored, unless it is kept in another part. */
  private void letGo(Loaded release) {
    if (!kept().contains(release)) {
      retiring.add(release);
    }
  }

  /**
   * Closes what nobody needs any more.
   *
   * @param patience how long to wait for the images at hand of each
   * @return ids of what was closed
   */
  List<String> closeRetired(Duration patience) throws InterruptedException {
    List<String> closed = new ArrayList<>();
    for (Loaded old : List.copyOf(retiring)) {
      if (old.release().retire(patience)) {
        old.release().close();
        retiring.remove(old);
        closed.add(old.id());
        LOG.info("Closed release {}", old.id());
      }
    }
    return closed;
  }

  /**
   * Closes all; a release that is still at work after the patience is left, with a warning.
   *
   * @return ids of what was closed
   */
  List<String> closeAll(Duration patience) throws InterruptedException {
    List<Loaded> last = kept();
    active = Optional.empty();
    before = Optional.empty();
    tried = Optional.empty();
    retiring.addAll(last);
    List<String> closed = closeRetired(patience);
    retiring.forEach(left -> LOG.warn("Release {} is still at work and left open", left.id()));
    return closed;
  }
}
