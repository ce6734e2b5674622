package io.surprisal.trainer.reservoir;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Which sources have a share of their own: the first {@value #MOST} that came, as long as anything
 * of them is kept. All others share one: who names a new source for every image gets a single share
 * for all of them. Not thread-safe.
 */
final class ApartSources {
  /** More cameras than usual write to one topic. */
  static final int MOST = 64;

  /** Stands for all others; no hash of a name is 0 but by an accident of 2⁻⁶⁴. */
  private static final long OTHERS = 0;

  private final Set<Long> apart = new HashSet<>();

  /** What stands for a source in the keys of its images. */
  long of(String source) {
    long hash = StoredForm.hash(source.getBytes(StandardCharsets.UTF_8));
    if (apart.contains(hash) || apart.size() < MOST) {
      apart.add(hash);
      return hash;
    }
    return OTHERS;
  }

  /**
   * Only these are kept.
   *
   * @param poolsAndSources of all images, see {@link StoredForm#poolAndSource}
   */
  void retain(Collection<ByteBuffer> poolsAndSources) {
    apart.clear();
    poolsAndSources.forEach(prefix -> apart.add(StoredForm.source(prefix)));
    apart.remove(OTHERS);
  }
}
