package io.surprisal.trainer.reservoir;

import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.stream.LongStream;

/**
 * Which pools an image belongs to, and how many images of a source a pool has room for, and of how
 * many bytes together.
 */
final class PoolShares {
  private final ReservoirBounds bounds;

  PoolShares(ReservoirBounds bounds) {
    this.bounds = bounds;
  }

  /**
   * The pools of an image: a window and a sample, without one that it would not fit into if it were
   * alone there. A file of some kilobytes may be a picture of many megabytes, which is not written
   * for nothing.
   */
  List<Reservoir.Pool> of(PixelImage pixels, boolean heldOut) {
    List<Reservoir.Pool> pools =
        heldOut
            ? List.of(Reservoir.Pool.HELD_OUT_RECENT, Reservoir.Pool.HELD_OUT_UNIFORM)
            : List.of(Reservoir.Pool.TRAINING_RECENT, Reservoir.Pool.TRAINING_UNIFORM);
    return pools.stream().filter(pool -> pixels.pixels().length <= bytes(pool)).toList();
  }

  /**
   * What a pool has of a source, or has too much of.
   *
   * @param images their number
   * @param bytes that they take together, as they are stored
   */
  record Content(int images, long bytes) {
    static final Content NONE = new Content(0, 0);

    Content plus(Content other) {
      return new Content(images + other.images, bytes + other.bytes);
    }

    Content minus(Content other) {
      return new Content(images - other.images, bytes - other.bytes);
    }
  }

  /**
   * What is to be dropped so that each pool is within its bounds, which its sources share: each may
   * have as much as the largest has, and what a small one does not use is the others'. So many new
   * names with an image each take no more room than their images. Of more sources than images the
   * first in order keep one each, and the others none.
   *
   * @param contents by {@link StoredForm#poolAndSource}
   * @return at least how many images and how many bytes, by what has too many, and no other
   */
  Map<ByteBuffer, Content> excess(SortedMap<ByteBuffer, Content> contents) {
    Map<Reservoir.Pool, List<Content>> byPool = new EnumMap<>(Reservoir.Pool.class);
    contents.forEach(
        (prefix, content) ->
            byPool
                .computeIfAbsent(StoredForm.pool(prefix), pool -> new ArrayList<>())
                .add(content));
    Map<Reservoir.Pool, Level> images = new EnumMap<>(Reservoir.Pool.class);
    Map<Reservoir.Pool, Level> bytes = new EnumMap<>(Reservoir.Pool.class);
    byPool.forEach(
        (pool, all) -> {
          images.put(pool, level(capacity(pool), all.stream().mapToLong(Content::images)));
          bytes.put(pool, level(bytes(pool), all.stream().mapToLong(Content::bytes)));
        });
    Map<Reservoir.Pool, Integer> rank = new EnumMap<>(Reservoir.Pool.class);
    Map<ByteBuffer, Content> excess = new LinkedHashMap<>();
    contents.forEach(
        (prefix, content) -> {
          Reservoir.Pool pool = StoredForm.pool(prefix);
          Level of = Objects.requireNonNull(images.get(pool));
          long most = of.height();
          if (content.images() > most && rank.merge(pool, 1, Integer::sum) <= of.left()) {
            most++;
          }
          long mostBytes = Objects.requireNonNull(bytes.get(pool)).height();
          if (content.images() > most || content.bytes() > mostBytes) {
            excess.put(
                prefix,
                new Content(
                    (int) Math.max(0, content.images() - most),
                    Math.max(0, content.bytes() - mostBytes)));
          }
        });
    return excess;
  }

  /**
   * How much each may have.
   *
   * @param left what is left over then, less than those that have more
   */
  private record Level(long height, long left) {}

  /** The height at which water of a volume stands over steps; no step under it is cut. */
  private static Level level(long volume, LongStream steps) {
    long[] ascending = steps.sorted().toArray();
    long left = volume;
    for (int i = 0; i < ascending.length; i++) {
      int higher = ascending.length - i;
      if (ascending[i] > left / higher) {
        return new Level(left / higher, left % higher);
      }
      left -= ascending[i];
    }
    return new Level(Long.MAX_VALUE, 0); // all of it fits
  }

  private long capacity(Reservoir.Pool pool) {
    return Math.round(share(pool) * (pool.isRecent() ? bounds.recent() : bounds.uniform()));
  }

  private long bytes(Reservoir.Pool pool) {
    double ofBoth = bounds.recent() + (double) bounds.uniform();
    return Math.round(
        share(pool)
            * bounds.bytes()
            * (pool.isRecent() ? bounds.recent() : bounds.uniform())
            / ofBoth);
  }

  private double share(Reservoir.Pool pool) {
    return pool.isHeldOut() ? bounds.heldOutShare() : 1 - bounds.heldOutShare();
  }
}
