package io.surprisal.topology.records;

import io.surprisal.handover.SurvivingConsumer;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.decoding.ImageFormat;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From a record to pixels that the network takes. For one thread. */
public final class ImageIntake {

  /** Largest image id and source in bytes of UTF-8. */
  public static final int MAX_ID_BYTES = 1 << 10;

  /** Largest key in bytes. Scores and alerts carry the image's key, so it must fit them. */
  public static final int MAX_KEY_BYTES = 64 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(ImageIntake.class);
  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);

  private final ImageDecoder decoder;

  public ImageIntake(DecodingLimits limits) {
    this.decoder = new ImageDecoder(limits);
  }

  /**
   * What a record says of its image, without its pixels.
   *
   * @param imageId empty: the image has none
   * @param size of the picture as it came
   */
  public record Identity(String imageId, String source, Instant eventTime, PictureSize size) {

    /** What its score calls the image: its id, or its place where it has none. */
    public String name(ImageLocation location) {
      return imageId.isEmpty() ? ScoreRecords.name(location) : imageId;
    }
  }

  /**
   * An image that can be scored.
   *
   * @param decoded in its own shape, with what was repaired
   * @param pixels in the network's shape
   */
  public record Accepted(Identity identity, DecodedImage decoded, PixelImage pixels) {}

  /**
   * Checks and decodes.
   *
   * @param preprocessing of the release that is to score the image
   * @throws NotScoredException if the record breaks a rule of this room
   * @throws RecordFormatException if the value is no image record
   * @throws ImageRejectedException if the body is not an image that the network takes
   */
  public Accepted accept(Record<byte[], byte[]> image, Preprocessing preprocessing)
      throws NotScoredException, ImageRejectedException {
    ImageEvent event = event(image.key(), image.value(), image.headers());
    DecodedImage decoded = decode(image.key(), event, preprocessing.interpretation());
    return new Accepted(
        new Identity(
            event.getImageId(),
            event.getSource(),
            event.getEventTime(),
            new PictureSize(decoded.pixels().height(), decoded.pixels().width())),
        decoded,
        preprocessing.apply(decoded.pixels()));
  }

  /**
   * What a record says of its image, which is not looked at yet.
   *
   * @throws NotScoredException if there is no value, or a key that is too long
   * @throws RecordFormatException if the value is no image record
   */
  public static ImageEvent event(byte @Nullable [] key, byte @Nullable [] value, Headers headers)
      throws NotScoredException {
    if (headers.lastHeader(SurvivingConsumer.UNREADABLE) != null && value == null) {
      throw new NotScoredException(
          DeadLetterReason.OVERSIZED_RECORD,
          "The record takes more memory than the scorer has; its topic measures none");
    }
    if (value == null) {
      throw new NotScoredException(DeadLetterReason.NULL_VALUE, "The record has no value");
    }
    requireShort(key);
    return IMAGES.decode(value);
  }

  /** The source that a record names, whatever is wrong with its image; empty: it names none. */
  public static Optional<String> source(Record<byte[], byte[]> image) {
    if (image.value() == null) {
      return Optional.empty();
    }
    try {
      String source = IMAGES.decode(image.value()).getSource();
      requireShort("source", source);
      return Optional.of(source);
    } catch (RecordFormatException | NotScoredException e) {
      LOG.debug("A record names no source", e);
      return Optional.empty();
    }
  }

  /** Why an image would become a dead letter. */
  public record Refusal(DeadLetterReason reason, String message) {}

  /**
   * Checks and decodes an image before it is sent, as scorers do, whatever release they serve.
   *
   * @param key of its record; null: it has none
   * @return what is wrong with it; empty: it can be scored, unless a release refuses its shape
   */
  public Optional<Refusal> refusal(byte @Nullable [] key, ImageEvent event) {
    try {
      decode(key, event, Interpretation.usual());
      return Optional.empty();
    } catch (NotScoredException | ImageRejectedException e) {
      return Optional.of(new Refusal(DeadLetterReason.of(e), String.valueOf(e.getMessage())));
    }
  }

  /**
   * Checks and decodes an image, in its own shape.
   *
   * @param key of its record; null: it has none
   * @param how files are understood
   * @throws NotScoredException if key or names are too long, or the format is not known
   * @throws ImageRejectedException if the body is no image
   */
  public DecodedImage decode(byte @Nullable [] key, ImageEvent event, Interpretation how)
      throws NotScoredException, ImageRejectedException {
    requireShort(key);
    requireShort("imageId", event.getImageId());
    requireShort("source", event.getSource());
    ImageFormat format =
        switch (event.getFormat()) {
          case PNG -> ImageFormat.PNG;
          case JPEG -> ImageFormat.JPEG;
          case GRAY8 -> ImageFormat.GRAY8;
          case RGB8 -> ImageFormat.RGB8;
          case FILE -> ImageFormat.FILE;
          case UNKNOWN ->
              throw new NotScoredException(
                  DeadLetterReason.UNKNOWN_FORMAT,
                  "The stated format is not known to this version; upgrade the scorer");
        };
    byte[] body = new byte[event.getBody().remaining()];
    event.getBody().duplicate().get(body);
    return decoder.read(format, event.getWidth(), event.getHeight(), body, how);
  }

  private static void requireShort(byte @Nullable [] key) throws NotScoredException {
    if (key != null && key.length > MAX_KEY_BYTES) {
      throw new NotScoredException(
          DeadLetterReason.OVERSIZED_KEY,
          "The key has %d bytes; at most %d are allowed".formatted(key.length, MAX_KEY_BYTES));
    }
  }

  private static void requireShort(String name, String value) throws NotScoredException {
    int bytes = value.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_ID_BYTES) {
      throw new NotScoredException(
          DeadLetterReason.OVERSIZED_ID,
          "%s has %d bytes; at most %d are allowed".formatted(name, bytes, MAX_ID_BYTES));
    }
  }
}
