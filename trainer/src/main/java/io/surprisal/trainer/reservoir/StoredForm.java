package io.surprisal.trainer.reservoir;

import io.surprisal.model.checks.Sha256;
import io.surprisal.model.images.PixelImage;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The bytes of the reservoir's database, whose keys are in their order. Those of earlier versions
 * are read, so what stands here never changes.
 *
 * <ul>
 *   <li>{@code i POOL SOURCE ORDER PARTITION OFFSET} → an image; SOURCE is a hash of its name, or
 *       0; ORDER is the time of arrival in a window, a hash of the place in a uniform sample
 *   <li>{@code p PARTITION} → offset of the next image to read
 *   <li>{@code a PARTITION OFFSET} → when the image there raised an alert, in milliseconds
 *   <li>{@code v PARTITION OFFSET ALERT} → when a person's word on an alert of the image there was
 *       read, in milliseconds, and 1 where it confirmed the alert, 2 where it was a false one;
 *       ALERT is the alert's id in 16 bytes
 *   <li>{@code r PARTITION OFFSET ALERT} → when the latest signed word on an alert was read, and
 *       when it was given, both in milliseconds; earlier versions neither write nor read it
 *   <li>{@code c PARTITION OFFSET} → when the score of the image there was read, in milliseconds,
 *       as long as the image was not
 *   <li>{@code f} → when the first score was read, in milliseconds; earlier versions know neither
 *   <li>{@code s} → number of images that were ever taken in
 *   <li>{@code w} → what the reader of the stream keeps here
 * </ul>
 */
final class StoredForm {
  private static final byte IMAGE = 'i';
  private static final byte POSITION = 'p';
  private static final byte ALERTED = 'a';
  private static final byte REVIEWED = 'v';
  private static final byte HEARD = 'r';
  private static final byte SCORED = 'c';
  private static final byte FIRST_SCORE = 'f';
  private static final byte SEEN = 's';
  private static final byte WATCH = 'w';
  private static final int PREFIX_BYTES = 1 + 1 + Long.BYTES;

  private StoredForm() {}

  /** How the keys of all images begin. */
  static byte[] images() {
    return new byte[] {IMAGE};
  }

  /** How the keys of a pool's images begin. */
  static byte[] images(Reservoir.Pool pool) {
    return new byte[] {IMAGE, code(pool)};
  }

  /** How the keys of all marks of alerts begin. */
  static byte[] marks() {
    return new byte[] {ALERTED};
  }

  /** Key of the number of images that were ever taken in. */
  static byte[] seen() {
    return new byte[] {SEEN};
  }

  /** Key of what the reader of the stream keeps. */
  static byte[] watch() {
    return new byte[] {WATCH};
  }

  /** Key of an image in a pool, of a source that is kept apart. */
  static byte[] key(Reservoir.Pool pool, ReservoirImage image) {
    return key(pool, hash(image.source().getBytes(StandardCharsets.UTF_8)), image);
  }

  /**
   * Key of an image in a pool.
   *
   * @param source what stands for its source, see {@link ApartSources}
   */
  static byte[] key(Reservoir.Pool pool, long source, ReservoirImage image) {
    long order =
        pool.isRecent()
            ? image.arrived().toEpochMilli()
            : hash(mark(image.place())); // equal at every reading
    return ByteBuffer.allocate(PREFIX_BYTES + Long.BYTES + Integer.BYTES + Long.BYTES)
        .put(IMAGE)
        .put(code(pool))
        .putLong(source)
        .putLong(order)
        .putInt(image.partition())
        .putLong(image.offset())
        .array();
  }

  /** The beginning of an image's key that it shares with all of its pool and source. */
  static ByteBuffer poolAndSource(byte[] key) {
    return ByteBuffer.wrap(Arrays.copyOf(key, PREFIX_BYTES));
  }

  /** What stands for the source of a key, or of its beginning. */
  static long source(ByteBuffer poolAndSource) {
    return poolAndSource.getLong(2);
  }

  /** The pool of a key, or of its beginning. */
  static Reservoir.Pool pool(ByteBuffer poolAndSource) {
    byte code = poolAndSource.get(1);
    return switch (code) {
      case 0 -> Reservoir.Pool.TRAINING_RECENT;
      case 1 -> Reservoir.Pool.TRAINING_UNIFORM;
      case 2 -> Reservoir.Pool.HELD_OUT_RECENT;
      case 3 -> Reservoir.Pool.HELD_OUT_UNIFORM;
      default -> throw new IllegalStateException("the reservoir has no pool " + code);
    };
  }

  private static byte code(Reservoir.Pool pool) {
    return switch (pool) {
      case TRAINING_RECENT -> 0;
      case TRAINING_UNIFORM -> 1;
      case HELD_OUT_RECENT -> 2;
      case HELD_OUT_UNIFORM -> 3;
    };
  }

  /** What {@link #poolAndSource} has wrapped. */
  static byte[] bytes(ByteBuffer poolAndSource) {
    byte[] bytes = new byte[poolAndSource.remaining()];
    poolAndSource.duplicate().get(bytes);
    return bytes;
  }

  /** Key of the mark of an alert. */
  static byte[] mark(ReservoirImage.Place place) {
    return ofPlace(ALERTED, place);
  }

  /** How the keys of all marks of scores begin. */
  static byte[] scores() {
    return new byte[] {SCORED};
  }

  /** Key of the mark of a score. */
  static byte[] scored(ReservoirImage.Place place) {
    return ofPlace(SCORED, place);
  }

  /** Key of when the first score was read. */
  static byte[] firstScore() {
    return new byte[] {FIRST_SCORE};
  }

  private static byte[] ofPlace(byte kind, ReservoirImage.Place place) {
    return ByteBuffer.allocate(1 + Integer.BYTES + Long.BYTES)
        .put(kind)
        .putInt(place.partition())
        .putLong(place.offset())
        .array();
  }

  /** How the keys of all marks of reviews begin. */
  static byte[] reviews() {
    return new byte[] {REVIEWED};
  }

  /** How the keys of the times of all signed reviews begin. */
  static byte[] heard() {
    return new byte[] {HEARD};
  }

  /**
   * Key of the mark of a review.
   *
   * @param alertId 32 hexadecimal digits
   */
  static byte[] review(ReservoirImage.Place place, String alertId) {
    return ofAlert(REVIEWED, place, alertId);
  }

  /**
   * Key of the times of the latest signed review of an alert.
   *
   * @param alertId 32 hexadecimal digits
   */
  static byte[] heard(ReservoirImage.Place place, String alertId) {
    return ofAlert(HEARD, place, alertId);
  }

  private static byte[] ofAlert(byte kind, ReservoirImage.Place place, String alertId) {
    byte[] alert = HexFormat.of().parseHex(alertId);
    return ByteBuffer.allocate(1 + Integer.BYTES + Long.BYTES + alert.length)
        .put(kind)
        .putInt(place.partition())
        .putLong(place.offset())
        .put(alert)
        .array();
  }

  /** A review as a value. */
  static byte[] value(Reservoir.Review review, Instant when) {
    byte code =
        switch (review) {
          case CONFIRMED -> 1;
          case FALSE_ALARM -> 2;
        };
    return ByteBuffer.allocate(Long.BYTES + 1).putLong(when.toEpochMilli()).put(code).array();
  }

  /** What {@link #value(Reservoir.Review, Instant)} wrote, but for the time. */
  static Reservoir.Review review(byte[] value) {
    byte code = value[Long.BYTES];
    return switch (code) {
      case 1 -> Reservoir.Review.CONFIRMED;
      case 2 -> Reservoir.Review.FALSE_ALARM;
      default -> throw new IllegalStateException("the reservoir has no review " + code);
    };
  }

  /** When a signed review was read, and when it was given, as a value. */
  static byte[] heard(Instant when, long given) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(when.toEpochMilli()).putLong(given).array();
  }

  /** When the review was given of which {@link #heard(Instant, long)} wrote. */
  static long given(byte[] heard) {
    return ByteBuffer.wrap(heard).getLong(Long.BYTES);
  }

  /** The place that the key of a mark names. */
  static ReservoirImage.Place place(byte[] mark) {
    ByteBuffer buffer = ByteBuffer.wrap(mark, 1, mark.length - 1);
    return new ReservoirImage.Place(buffer.getInt(), buffer.getLong());
  }

  /** Key of the offset of the next image of a partition. */
  static byte[] position(int partition) {
    return ByteBuffer.allocate(1 + Integer.BYTES).put(POSITION).putInt(partition).array();
  }

  /** An offset, a number or a time as a value. */
  static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  /** What {@link #number(long)} wrote. */
  static long number(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }

  /** An image as a value. */
  static byte[] value(ReservoirImage image) {
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

  /**
   * What {@link #value(ReservoirImage)} wrote.
   *
   * @throws IllegalStateException if the bytes are no image
   */
  static ReservoirImage image(byte[] value) {
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

  /** {@link #hash} of the pixels of the image of a value. */
  static long pixels(byte[] value) {
    int source = Long.BYTES + Integer.BYTES + Long.BYTES;
    int pixels = source + Integer.BYTES + ByteBuffer.wrap(value).getInt(source) + 3 * Integer.BYTES;
    return hash(Arrays.copyOfRange(value, pixels, value.length));
  }

  /** When the image of a value arrived, in milliseconds; without reading the rest. */
  static long arrivedMillis(byte[] value) {
    return number(value);
  }

  /** The smallest key that does not begin with a prefix, and is greater than those that do. */
  static byte[] after(byte[] prefix) {
    byte[] after = prefix.clone();
    for (int i = after.length - 1; i >= 0; i--) {
      if (++after[i] != 0) {
        return after;
      }
    }
    throw new IllegalArgumentException("nothing lies after " + Arrays.toString(prefix));
  }

  /** The first 64 bits of SHA-256. */
  static long hash(byte[] bytes) {
    return Sha256.first64Bits(bytes);
  }
}
