package io.surprisal.trainer.reservoir;

import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Which pools an image belongs to, and how many images of a source a pool has room for. Whether an
 * image is held out is a pure function of its pixels: equal images are held out, or trained on,
 * together.
 */
final class PoolShares {
  private final ReservoirBounds bounds;

  PoolShares(ReservoirBounds bounds) {
    this.bounds = bounds;
  }

  /** The pools of an image: a window and a sample. */
  List<Reservoir.Pool> of(PixelImage pixels) {
    return unit(StoredForm.hash(pixels.pixels())) < bounds.heldOutShare()
        ? List.of(Reservoir.Pool.HELD_OUT_RECENT, Reservoir.Pool.HELD_OUT_UNIFORM)
        : List.of(Reservoir.Pool.TRAINING_RECENT, Reservoir.Pool.TRAINING_UNIFORM);
  }

  /**
   * How many images are to be dropped so that each pool is within its bound, which its sources
   * share. Of more sources than images the first in order keep one each, and the others none.
   *
   * @param counts of images by {@link StoredForm#poolAndSource}
   * @return by what has too many, and no other
   */
  Map<ByteBuffer, Integer> excess(SortedMap<ByteBuffer, Integer> counts) {
    Map<Reservoir.Pool, Integer> sources = new EnumMap<>(Reservoir.Pool.class);
    counts.keySet().forEach(prefix -> sources.merge(StoredForm.pool(prefix), 1, Integer::sum));
    Map<Reservoir.Pool, Integer> rank = new EnumMap<>(Reservoir.Pool.class);
    Map<ByteBuffer, Integer> excess = new LinkedHashMap<>();
    counts.forEach(
        (prefix, count) -> {
          Reservoir.Pool pool = StoredForm.pool(prefix);
          int of = sources.getOrDefault(pool, 1);
          int before = rank.merge(pool, 1, Integer::sum) - 1;
          long most = capacity(pool) / of + (before < capacity(pool) % of ? 1 : 0);
          if (count > most) {
            excess.put(prefix, (int) (count - most));
          }
        });
    return excess;
  }

  private long capacity(Reservoir.Pool pool) {
    double share = pool.isHeldOut() ? bounds.heldOutShare() : 1 - bounds.heldOutShare();
    return Math.round(share * (pool.isRecent() ? bounds.recent() : bounds.uniform()));
  }

  /** As a number in [0, 1). */
  private static double unit(long hash) {
    return (hash >>> 11) * 0x1p-53;
  }
}
