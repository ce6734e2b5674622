package io.surprisal.trainer.reservoir;

import io.surprisal.model.checks.Sha256;
import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * What the trainer keeps of the stream, on disk and bounded: of each source a window of its recent
 * images and a uniform sample of all that it ever sent. A fixed share of the images, chosen by a
 * hash of their pixels so that equal images stay together, is held out and never trained on; it has
 * a window and a sample of its own.
 *
 * <p>The uniform sample keeps the images with the smallest hashes of their places (bottom-k
 * sampling, Cohen &amp; Kaplan 2007): it is uniform whatever its size, and can shrink, which it
 * does when another source joins, since all share the bound on the number of images.
 *
 * <p>Images and the offsets up to which the stream was read are written in one batch, so that a
 * kill loses nothing and repeats nothing. What alerted is marked beside, when its alert comes:
 * sampling never sees a verdict.
 *
 * <p>Thread-safe. Owns the database's native memory; {@link #close} frees it.
 */
public final class Reservoir implements AutoCloseable {

  /** A part of the reservoir. The ordinal is in the database. */
  public enum Pool {
    TRAINING_RECENT,
    TRAINING_UNIFORM,
    HELD_OUT_RECENT,
    HELD_OUT_UNIFORM;

    boolean isRecent() {
      return this == TRAINING_RECENT || this == HELD_OUT_RECENT;
    }

    boolean isHeldOut() {
      return this == HELD_OUT_RECENT || this == HELD_OUT_UNIFORM;
    }
  }

  private static final byte IMAGE = 'i';
  private static final byte POSITION = 'p';
  private static final byte ALERTED = 'a';
  private static final byte SEEN = 's';
  private static final byte WATCH = 'w';
  private static final int PREFIX_BYTES = 1 + 1 + Long.BYTES;

  static {
    RocksDB.loadLibrary();
  }

  private final ReservoirBounds bounds;
  private final Options options;
  private final WriteOptions writes = new WriteOptions();
  private final RocksDB db;

  /** Images of each pool and source, in a fixed order. */
  private final Map<ByteBuffer, Integer> counts = new TreeMap<>();

  private long seen;

  /**
   * Opens the reservoir in a directory, which belongs to one at a time.
   *
   * @throws IOException if the directory cannot be used, or another process uses it
   */
  public Reservoir(Path directory, ReservoirBounds bounds) throws IOException {
    this.bounds = bounds;
    Files.createDirectories(directory);
    options =
        new Options()
            .setCreateIfMissing(true)
            .setWriteBufferSize(8 << 20)
            .setMaxWriteBufferNumber(2)
            .setMaxOpenFiles(64)
            .setKeepLogFileNum(2)
            .setMaxTotalWalSize(32 << 20);
    try {
      db = RocksDB.open(options, directory.toString());
    } catch (RocksDBException e) {
      writes.close();
      options.close();
      throw new IOException("the reservoir in " + directory + " cannot be opened", e);
    }
    scan(new byte[] {IMAGE}, (key, value) -> counts.merge(prefix(key), 1, Integer::sum));
    seen = get(new byte[] {SEEN}).map(Reservoir::number).orElse(0L);
  }

  /**
   * Takes images in, and remembers how far the stream was read.
   *
   * @param next by partition the offset of the next image to read
   */
  public synchronized void add(Collection<ReservoirImage> images, Map<Integer, Long> next) {
    try (WriteBatch batch = new WriteBatch()) {
      Set<ByteBuffer> inBatch = new HashSet<>();
      for (ReservoirImage image : images) {
        for (Pool pool : pools(image.pixels())) {
          byte[] key = key(pool, image);
          if (inBatch.add(ByteBuffer.wrap(key)) && db.get(key) == null) {
            counts.merge(prefix(key), 1, Integer::sum);
          }
          batch.put(key, value(image));
        }
      }
      seen += images.size();
      batch.put(new byte[] {SEEN}, number(seen));
      for (Map.Entry<Integer, Long> position : next.entrySet()) {
        batch.put(positionKey(position.getKey()), number(position.getValue()));
      }
      db.write(writes, batch);
      trim();
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private List<Pool> pools(PixelImage pixels) {
    return unit(hash(pixels.pixels())) < bounds.heldOutShare()
        ? List.of(Pool.HELD_OUT_RECENT, Pool.HELD_OUT_UNIFORM)
        : List.of(Pool.TRAINING_RECENT, Pool.TRAINING_UNIFORM);
  }

  /**
   * Brings each pool back to its bound, which its sources share. Of more sources than images the
   * first in order have one each, and the others none.
   */
  private void trim() throws RocksDBException {
    Map<Pool, Integer> sources = new EnumMap<>(Pool.class);
    counts.keySet().forEach(prefix -> sources.merge(pool(prefix), 1, Integer::sum));
    Map<Pool, Integer> rank = new EnumMap<>(Pool.class);
    for (Map.Entry<ByteBuffer, Integer> entry : counts.entrySet()) {
      Pool pool = pool(entry.getKey());
      int of = sources.get(pool);
      int before = rank.merge(pool, 1, Integer::sum) - 1;
      long most = capacity(pool) / of + (before < capacity(pool) % of ? 1 : 0);
      if (entry.getValue() > most) {
        drop(entry, pool, (int) (entry.getValue() - most));
      }
    }
    counts.values().removeIf(count -> count == 0);
  }

  private long capacity(Pool pool) {
    double share = pool.isHeldOut() ? bounds.heldOutShare() : 1 - bounds.heldOutShare();
    return Math.round(share * (pool.isRecent() ? bounds.recent() : bounds.uniform()));
  }

  /** Drops the oldest of a window, and the greatest hashes of a sample. */
  private void drop(Map.Entry<ByteBuffer, Integer> of, Pool pool, int number)
      throws RocksDBException {
    byte[] prefix = of.getKey().array();
    try (Slice end = new Slice(after(prefix));
        ReadOptions within = new ReadOptions().setIterateUpperBound(end);
        RocksIterator all = db.newIterator(within);
        WriteBatch batch = new WriteBatch()) {
      if (pool.isRecent()) {
        all.seek(prefix);
      } else {
        all.seekToLast();
      }
      int dropped = 0;
      while (dropped < number && all.isValid()) {
        batch.delete(all.key());
        dropped++;
        if (pool.isRecent()) {
          all.next();
        } else {
          all.prev();
        }
      }
      db.write(writes, batch);
      of.setValue(of.getValue() - dropped);
    }
  }

  /** Marks the image in a place as one that raised an alert. */
  public synchronized void markAlerted(ReservoirImage.Place place, Instant when) {
    put(placeKey(place), number(when.toEpochMilli()));
  }

  /** Keeps what whoever fills the reservoir wants to know after a restart; it is theirs to read. */
  public synchronized void saveWatch(byte[] state) {
    put(new byte[] {WATCH}, state);
  }

  /** What was saved last, byte by byte; empty in a new reservoir. */
  public synchronized Optional<byte[]> watch() {
    return get(new byte[] {WATCH});
  }

  /** Drops images and marks that are too old. */
  public synchronized void dropOld(Instant now) {
    long oldest = now.minus(bounds.maxAge()).toEpochMilli();
    try (WriteBatch batch = new WriteBatch()) {
      scan(
          new byte[] {IMAGE},
          (key, value) -> {
            if (ByteBuffer.wrap(value).getLong() < oldest) {
              delete(batch, key);
              counts.merge(prefix(key), -1, Integer::sum);
            }
          });
      scan(
          new byte[] {ALERTED},
          (key, value) -> {
            if (number(value) < oldest) {
              delete(batch, key);
            }
          });
      db.write(writes, batch);
      counts.values().removeIf(count -> count == 0);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private static void delete(WriteBatch batch, byte[] key) {
    try {
      batch.delete(key);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  /** Offset of the next image to read from a partition; empty where none was read yet. */
  public synchronized OptionalLong position(int partition) {
    return get(positionKey(partition)).stream().mapToLong(Reservoir::number).findFirst();
  }

  /** Images that were ever taken in. */
  public synchronized long seen() {
    return seen;
  }

  /** Images in some pools. */
  public synchronized int size(Pool... pools) {
    List<Pool> wanted = List.of(pools);
    return counts.entrySet().stream()
        .filter(entry -> wanted.contains(pool(entry.getKey())))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /** Places of the images that raised alerts, with the time of the alert in milliseconds. */
  public synchronized Map<ReservoirImage.Place, Long> alerted() {
    Map<ReservoirImage.Place, Long> places = new HashMap<>();
    scan(
        new byte[] {ALERTED},
        (key, value) -> {
          ByteBuffer buffer = ByteBuffer.wrap(key, 1, key.length - 1);
          places.put(new ReservoirImage.Place(buffer.getInt(), buffer.getLong()), number(value));
        });
    return places;
  }

  /** Tells of every image in some pools, once, in a fixed order. */
  public synchronized void forEach(Consumer<ReservoirImage> consumer, Pool... pools) {
    Map<ReservoirImage.Place, Boolean> told = new LinkedHashMap<>();
    for (Pool pool : pools) {
      scan(
          new byte[] {IMAGE, (byte) pool.ordinal()},
          (key, value) -> {
            ReservoirImage image = image(value);
            if (told.putIfAbsent(image.place(), true) == null) {
              consumer.accept(image);
            }
          });
    }
  }

  private interface Visitor {
    void visit(byte[] key, byte[] value);
  }

  private void scan(byte[] prefix, Visitor visitor) {
    try (Slice end = new Slice(after(prefix));
        ReadOptions within = new ReadOptions().setIterateUpperBound(end);
        RocksIterator all = db.newIterator(within)) {
      for (all.seek(prefix); all.isValid(); all.next()) {
        visitor.visit(all.key(), all.value());
      }
      all.status();
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private Optional<byte[]> get(byte[] key) {
    try {
      return Optional.ofNullable(db.get(key));
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private void put(byte[] key, byte[] value) {
    try {
      db.put(writes, key, value);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(RocksDBException e) {
    return new IllegalStateException("the reservoir cannot be read or written", e);
  }

  /** The smallest key that does not begin with a prefix, and is greater than those that do. */
  private static byte[] after(byte[] prefix) {
    byte[] after = prefix.clone();
    for (int i = after.length - 1; i >= 0; i--) {
      if (++after[i] != 0) {
        return after;
      }
    }
    throw new IllegalArgumentException("nothing lies after " + Arrays.toString(prefix));
  }

  private static byte[] key(Pool pool, ReservoirImage image) {
    long order =
        pool.isRecent()
            ? image.arrived().toEpochMilli()
            : hash(placeKey(image.place())); // the same at every reading
    return ByteBuffer.allocate(PREFIX_BYTES + Long.BYTES + Integer.BYTES + Long.BYTES)
        .put(IMAGE)
        .put((byte) pool.ordinal())
        .putLong(hash(image.source().getBytes(StandardCharsets.UTF_8)))
        .putLong(order)
        .putInt(image.partition())
        .putLong(image.offset())
        .array();
  }

  private static ByteBuffer prefix(byte[] key) {
    return ByteBuffer.wrap(Arrays.copyOf(key, PREFIX_BYTES));
  }

  private static Pool pool(ByteBuffer prefix) {
    return Pool.values()[prefix.get(1)];
  }

  private static byte[] placeKey(ReservoirImage.Place place) {
    return ByteBuffer.allocate(1 + Integer.BYTES + Long.BYTES)
        .put(ALERTED)
        .putInt(place.partition())
        .putLong(place.offset())
        .array();
  }

  private static byte[] positionKey(int partition) {
    return ByteBuffer.allocate(1 + Integer.BYTES).put(POSITION).putInt(partition).array();
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  private static long number(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }

  private static byte[] value(ReservoirImage image) {
    byte[] source = image.source().getBytes(StandardCharsets.UTF_8);
    PixelImage pixels = image.pixels();
    return ByteBuffer.allocate(
            2 * Long.BYTES + 5 * Integer.BYTES + source.length + pixels.pixels().length)
        .putLong(image.arrived().toEpochMilli())
        .putInt(image.partition())
        .putLong(image.offset())
        .putInt(source.length)
        .put(source)
        .putInt(pixels.channels())
        .putInt(pixels.height())
        .putInt(pixels.width())
        .put(pixels.pixels())
        .array();
  }

  private static ReservoirImage image(byte[] value) {
    try {
      ByteBuffer buffer = ByteBuffer.wrap(value);
      Instant arrived = Instant.ofEpochMilli(buffer.getLong());
      int partition = buffer.getInt();
      long offset = buffer.getLong();
      byte[] source = new byte[buffer.getInt()];
      buffer.get(source);
      int channels = buffer.getInt();
      int height = buffer.getInt();
      int width = buffer.getInt();
      byte[] pixels = new byte[buffer.remaining()];
      buffer.get(pixels);
      return new ReservoirImage(
          new String(source, StandardCharsets.UTF_8),
          partition,
          offset,
          arrived,
          new PixelImage(channels, height, width, pixels));
    } catch (BufferUnderflowException e) {
      throw new IllegalStateException("the reservoir holds a damaged image", e);
    }
  }

  /** The first 64 bits of SHA-256. */
  private static long hash(byte[] bytes) {
    return Sha256.first64Bits(bytes);
  }

  /** As a number in [0, 1). */
  private static double unit(long hash) {
    return (hash >>> 11) * 0x1p-53;
  }

  @Override
  public synchronized void close() {
    db.close();
    writes.close();
    options.close();
  }
}
