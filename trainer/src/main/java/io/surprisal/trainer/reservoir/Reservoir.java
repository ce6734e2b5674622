package io.surprisal.trainer.reservoir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
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
 * images and a uniform sample of all that it ever sent. A fixed share of the images, in blocks of
 * neighbours ({@link HeldOutBlocks}), is held out and never trained on; it has a window and a
 * sample of its own. An image that equals one of the reservoir's goes where that is; where that is
 * held out it is not kept again, since a picture that is frozen would calibrate alone.
 *
 * <p>The uniform sample keeps the images with the smallest hashes of their places (bottom-k
 * sampling, Cohen &amp; Kaplan 2007): it is uniform whatever its size, and can shrink, which it
 * does when another source joins, since all share the bounds on the images and on their bytes.
 *
 * <p>Images and the offsets up to which the stream was read are written in one batch, so that a
 * kill loses nothing and repeats nothing. What alerted is marked beside, when its alert comes, and
 * what people say of it, when that comes: sampling never sees a verdict.
 *
 * <p>Thread-safe. Owns the database's native memory; {@link #close} frees it.
 */
public final class Reservoir implements AutoCloseable {

  /** A part of the reservoir. */
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

  /** What a person has said of an image that raised an alert. */
  public enum Review {
    /** It is an anomaly. */
    CONFIRMED,
    /** It is normal. */
    FALSE_ALARM
  }

  static {
    RocksDB.loadLibrary();
  }

  private final ReservoirBounds bounds;
  private final PoolShares shares;
  private final HeldOutBlocks blocks;
  private final Options options;
  private final WriteOptions writes = new WriteOptions();
  private final RocksDB db;

  private final StoredImages stored = new StoredImages();
  private final ApartSources sources = new ApartSources();
  private long seen;

  /**
   * Opens the reservoir in a directory, which belongs to one at a time.
   *
   * @throws IOException if the directory cannot be used, or another process uses it
   */
  public Reservoir(Path directory, ReservoirBounds bounds) throws IOException {
    this.bounds = bounds;
    shares = new PoolShares(bounds);
    blocks = new HeldOutBlocks(bounds.heldOutShare());
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
    scan(StoredForm.images(), (key, value) -> stored.add(key, value, StoredForm.pixels(value)));
    sources.retain(stored.contents().keySet());
    seen = get(StoredForm.seen()).map(StoredForm::number).orElse(0L);
  }

  /**
   * Takes images in, but those in the gaps beside what is held out, and remembers how far the
   * stream was read.
   *
   * @param next by partition the offset of the next image to read
   */
  public synchronized void add(Collection<ReservoirImage> images, Map<Integer, Long> next) {
    try (WriteBatch batch = new WriteBatch()) {
      Set<ByteBuffer> inBatch = new HashSet<>();
      for (ReservoirImage image : images) {
        HeldOutBlocks.Use use = blocks.use(image.place());
        if (use == HeldOutBlocks.Use.GAP) {
          continue;
        }
        long source = sources.of(image.source());
        long pixels = StoredForm.hash(image.pixels().pixels());
        Optional<Boolean> equal = stored.isHeldOut(pixels);
        boolean heldOut = equal.orElse(use == HeldOutBlocks.Use.HELD_OUT);
        if (heldOut && equal.isPresent()) {
          continue;
        }
        for (Pool pool : shares.of(image.pixels(), heldOut)) {
          byte[] key = StoredForm.key(pool, source, image);
          byte[] value = StoredForm.value(image);
          if (inBatch.add(ByteBuffer.wrap(key)) && db.get(key) == null) {
            stored.add(key, value, pixels);
          }
          batch.put(key, value);
        }
      }
      seen += images.size();
      batch.put(StoredForm.seen(), StoredForm.number(seen));
      for (Map.Entry<Integer, Long> position : next.entrySet()) {
        batch.put(StoredForm.position(position.getKey()), StoredForm.number(position.getValue()));
      }
      db.write(writes, batch);
      trim();
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  /** Brings each pool back to its bounds. */
  private void trim() throws RocksDBException {
    for (Map.Entry<ByteBuffer, PoolShares.Content> over :
        shares.excess(stored.contents()).entrySet()) {
      drop(over.getKey(), over.getValue());
    }
  }

  /**
   * Drops the oldest of a window, and the greatest hashes of a sample, until both as many images
   * and as many bytes are gone.
   */
  private void drop(ByteBuffer poolAndSource, PoolShares.Content excess) throws RocksDBException {
    Pool pool = StoredForm.pool(poolAndSource);
    byte[] prefix = StoredForm.bytes(poolAndSource);
    try (Slice end = new Slice(StoredForm.after(prefix));
        ReadOptions within = new ReadOptions().setIterateUpperBound(end);
        RocksIterator all = db.newIterator(within);
        WriteBatch batch = new WriteBatch()) {
      if (pool.isRecent()) {
        all.seek(prefix);
      } else {
        all.seekToLast();
      }
      PoolShares.Content dropped = PoolShares.Content.NONE;
      while ((dropped.images() < excess.images() || dropped.bytes() < excess.bytes())
          && all.isValid()) {
        byte[] value = all.value();
        batch.delete(all.key());
        stored.remove(poolAndSource, value);
        dropped = dropped.plus(new PoolShares.Content(1, value.length));
        if (pool.isRecent()) {
          all.next();
        } else {
          all.prev();
        }
      }
      db.write(writes, batch);
    }
  }

  /** Marks the image in a place as one that raised an alert. */
  public synchronized void markAlerted(ReservoirImage.Place place, Instant when) {
    put(StoredForm.mark(place), StoredForm.number(when.toEpochMilli()));
  }

  /**
   * Marks the image in a place as a person has reviewed one of its alerts.
   *
   * @param alertId 32 hexadecimal digits; a further review of the same alert takes the place of
   *     this
   * @param when it was read
   */
  public synchronized void markReviewed(
      ReservoirImage.Place place, String alertId, Review review, Instant when) {
    put(StoredForm.review(place, alertId), StoredForm.value(review, when));
  }

  /** Forgets what was said of an alert of the image in a place. */
  public synchronized void forgetReview(ReservoirImage.Place place, String alertId) {
    remove(StoredForm.review(place, alertId));
  }

  /** Keeps what whoever fills the reservoir wants to know after a restart; it is theirs to read. */
  public synchronized void saveWatch(byte[] state) {
    put(StoredForm.watch(), state);
  }

  /** What was saved last, byte by byte; empty in a new reservoir. */
  public synchronized Optional<byte[]> watch() {
    return get(StoredForm.watch());
  }

  /** Drops images and marks that are too old. */
  public synchronized void dropOld(Instant now) {
    long oldest = now.minus(bounds.maxAge()).toEpochMilli();
    try (WriteBatch batch = new WriteBatch()) {
      scan(
          StoredForm.images(),
          (key, value) -> {
            if (StoredForm.arrivedMillis(value) < oldest) {
              delete(batch, key);
              stored.remove(StoredForm.poolAndSource(key), value);
            }
          });
      for (byte[] marks : List.of(StoredForm.marks(), StoredForm.reviews(), StoredForm.heard())) {
        scan(
            marks,
            (key, value) -> {
              if (StoredForm.number(value) < oldest) {
                delete(batch, key);
              }
            });
      }
      db.write(writes, batch);
      sources.retain(stored.contents().keySet());
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
    return get(StoredForm.position(partition)).stream().mapToLong(StoredForm::number).findFirst();
  }

  /** Images that were ever taken in. */
  public synchronized long seen() {
    return seen;
  }

  /** Images in some pools. */
  public synchronized int size(Pool... pools) {
    return stored.size(pools);
  }

  /** Places of the images that raised alerts, with the time of the alert in milliseconds. */
  public synchronized Map<ReservoirImage.Place, Long> alerted() {
    Map<ReservoirImage.Place, Long> places = new HashMap<>();
    scan(
        StoredForm.marks(),
        (key, value) -> places.put(StoredForm.place(key), StoredForm.number(value)));
    return places;
  }

  /**
   * Places of the images that people have reviewed, with what they said. Where several releases
   * raised alerts on one image, and the word on them differs, it is an anomaly.
   */
  public synchronized Map<ReservoirImage.Place, Review> reviewed() {
    Map<ReservoirImage.Place, Review> places = new HashMap<>();
    scan(
        StoredForm.reviews(),
        (key, value) ->
            places.merge(
                StoredForm.place(key),
                StoredForm.review(value),
                (one, other) -> one == Review.CONFIRMED ? one : other));
    return places;
  }

  /** An image of a pool; empty where it has none. */
  public synchronized Optional<ReservoirImage> any(Pool pool) {
    byte[] prefix = StoredForm.images(pool);
    try (Slice end = new Slice(StoredForm.after(prefix));
        ReadOptions within = new ReadOptions().setIterateUpperBound(end);
        RocksIterator all = db.newIterator(within)) {
      all.seek(prefix);
      return all.isValid() ? Optional.of(StoredForm.image(all.value())) : Optional.empty();
    }
  }

  /** Tells of every image in some pools, once, in a fixed order. */
  public synchronized void forEach(Consumer<ReservoirImage> consumer, Pool... pools) {
    Map<ReservoirImage.Place, Boolean> told = new LinkedHashMap<>();
    for (Pool pool : pools) {
      scan(
          StoredForm.images(pool),
          (key, value) -> {
            ReservoirImage image = StoredForm.image(value);
            if (told.putIfAbsent(image.place(), true) == null) {
              consumer.accept(image);
            }
          });
    }
  }

  /** Looks at what lies under keys. */
  interface Visitor {
    void visit(byte[] key, byte[] value);
  }

  /** Shows all that lies under keys that begin so, in their order. */
  synchronized void scan(byte[] prefix, Visitor visitor) {
    try (Slice end = new Slice(StoredForm.after(prefix));
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

  /** What lies under a key of {@link StoredForm}. */
  synchronized Optional<byte[]> get(byte[] key) {
    try {
      return Optional.ofNullable(db.get(key));
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  /** Writes a value under a key of {@link StoredForm}. */
  synchronized void put(byte[] key, byte[] value) {
    try {
      db.put(writes, key, value);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  /** Forgets what lies under a key of {@link StoredForm}. */
  synchronized void remove(byte[] key) {
    try {
      db.delete(writes, key);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(RocksDBException e) {
    return new IllegalStateException("the reservoir cannot be read or written", e);
  }

  @Override
  public synchronized void close() {
    db.close();
    writes.close();
    options.close();
  }
}
