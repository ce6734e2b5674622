package io.surprisal.trainer.reservoir;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.decoding.ImageFormat;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From records of the images topic to images as scorers see them, so many at a time as memory has
 * room for: a poll brings a bounded number of bytes, but a picture takes many times that once it is
 * decoded. Not thread-safe.
 */
public final class IncomingImages {
  private static final Logger LOG = LoggerFactory.getLogger(IncomingImages.class);
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);

  /** Decoded bytes at which a portion is full: one picture of 12 megapixels, or many small ones. */
  static final long PORTION_BYTES = 32L << 20;

  /** Takes images in. */
  @FunctionalInterface
  public interface Taker {
    /**
     * Takes a portion.
     *
     * @param images in the order of their records
     * @param next by partition the offset after the last record that was looked at
     */
    void take(List<ReservoirImage> images, Map<Integer, Long> next);
  }

  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());
  private final Supplier<Interpretation> interpretation;

  /**
   * @param interpretation gives how the release that serves now understands files
   */
  public IncomingImages(Supplier<Interpretation> interpretation) {
    this.interpretation = interpretation;
  }

  /**
   * Hands the images of some records over, in portions of at most {@link #PORTION_BYTES} and one
   * image more.
   *
   * @param wanted whose records are decoded; of others it is told that they were looked at
   */
  public void read(
      Iterable<ConsumerRecord<byte[], byte[]>> records,
      Predicate<ConsumerRecord<byte[], byte[]>> wanted,
      Instant now,
      Taker taker) {
    List<ReservoirImage> images = new ArrayList<>();
    Map<Integer, Long> next = new HashMap<>();
    long bytes = 0;
    for (ConsumerRecord<byte[], byte[]> record : records) {
      Optional<ReservoirImage> image = wanted.test(record) ? read(record, now) : Optional.empty();
      image.ifPresent(images::add);
      next.put(record.partition(), record.offset() + 1);
      bytes += image.map(read -> read.pixels().pixels().length).orElse(0);
      if (bytes >= PORTION_BYTES) {
        taker.take(images, next);
        images = new ArrayList<>();
        next = new HashMap<>();
        bytes = 0;
      }
    }
    if (!next.isEmpty()) {
      taker.take(images, next);
    }
  }

  /** The image of a record; empty where there is none: the scorer makes a dead letter of it. */
  Optional<ReservoirImage> read(ConsumerRecord<byte[], byte[]> record, Instant now) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      ImageEvent event = EVENTS.decode(record.value());
      byte[] body = new byte[event.getBody().remaining()];
      event.getBody().duplicate().get(body);
      Optional<ImageFormat> format = format(event);
      if (format.isEmpty()) {
        return Optional.empty();
      }
      return Optional.of(
          new ReservoirImage(
              event.getSource(),
              record.partition(),
              record.offset(),
              arrival(record, now),
              decoder
                  .read(
                      format.get(), event.getWidth(), event.getHeight(), body, interpretation.get())
                  .pixels()));
    } catch (RecordFormatException | ImageRejectedException e) {
      LOG.debug("{}-{} at {} is no image", record.topic(), record.partition(), record.offset(), e);
      return Optional.empty();
    }
  }

  /** As the record says; never later than now, and now where it says nothing. */
  private static Instant arrival(ConsumerRecord<?, ?> record, Instant now) {
    Instant stamped = Instant.ofEpochMilli(record.timestamp());
    return record.timestamp() < 0 || stamped.isAfter(now) ? now : stamped;
  }

  private static Optional<ImageFormat> format(ImageEvent event) {
    return switch (event.getFormat()) {
      case PNG -> Optional.of(ImageFormat.PNG);
      case JPEG -> Optional.of(ImageFormat.JPEG);
      case GRAY8 -> Optional.of(ImageFormat.GRAY8);
      case RGB8 -> Optional.of(ImageFormat.RGB8);
      case FILE -> Optional.of(ImageFormat.FILE);
      case UNKNOWN -> Optional.empty();
    };
  }
}
