package io.surprisal.trainer.reservoir;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the reservoir has, kept in memory beside it: of each pool and source how much, and what
 * images of which pixels are for, so that one that comes again is for the same. Not thread-safe.
 */
final class StoredImages {
  /** In a fixed order. */
  private final SortedMap<ByteBuffer, PoolShares.Content> contents = new TreeMap<>();

  /**
   * By a hash of the pixels how often they are stored: above 0 to train on, below 0 held out. No
   * more than there are images.
   */
  private final Map<Long, Integer> pixels = new HashMap<>();

  /**
   * An image is stored under a key that had none.
   *
   * @param pixelHash {@link StoredForm#hash} of its pixels
   */
  void add(byte[] key, byte[] value, long pixelHash) {
    ByteBuffer poolAndSource = StoredForm.poolAndSource(key);
    contents.merge(
        poolAndSource, new PoolShares.Content(1, value.length), PoolShares.Content::plus);
    change(poolAndSource, pixelHash, 1);
  }

  /** An image of a pool and source is dropped. */
  void remove(ByteBuffer poolAndSource, byte[] value) {
    contents.compute(
        poolAndSource,
        (any, before) -> {
          PoolShares.Content left =
              Objects.requireNonNullElse(before, PoolShares.Content.NONE)
                  .minus(new PoolShares.Content(1, value.length));
          return left.images() == 0 ? null : left;
        });
    change(poolAndSource, StoredForm.pixels(value), -1);
  }

  private void change(ByteBuffer poolAndSource, long pixelHash, int more) {
    int signed = StoredForm.pool(poolAndSource).isHeldOut() ? -more : more;
    pixels.merge(pixelHash, signed, (one, other) -> one + other == 0 ? null : one + other);
  }

  /** Whether images of these pixels are held out; empty where there are none. */
  Optional<Boolean> isHeldOut(long pixelHash) {
    return Optional.ofNullable(pixels.get(pixelHash)).map(count -> count < 0);
  }

  /** How much there is, by {@link StoredForm#poolAndSource}. */
  SortedMap<ByteBuffer, PoolShares.Content> contents() {
    return Collections.unmodifiableSortedMap(contents);
  }

  /** Images in some pools. */
  int size(Reservoir.Pool... pools) {
    List<Reservoir.Pool> wanted = List.of(pools);
    return contents.entrySet().stream()
        .filter(entry -> wanted.contains(StoredForm.pool(entry.getKey())))
        .mapToInt(entry -> entry.getValue().images())
        .sum();
  }
}
