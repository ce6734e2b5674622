package io.surprisal.topology.records;

import io.surprisal.model.checks.Sha256;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * The record that tells of an image that was not scored: key, value and headers as they came, and
 * after them Surprisal's own headers, all in UTF-8. An image that comes with such headers, because
 * somebody has sent a dead letter again as it was, loses them first. Where the whole is larger than
 * the topic takes, headers and key are cut down to a quarter of it each and the value to a prefix
 * that fits; {@link #TRUNCATED} says so, and the location says where the original lies.
 */
public final class DeadLetter {

  /** Topic that the image came from. */
  public static final String TOPIC = "surprisal.topic";

  /** Partition that the image came from, decimal. */
  public static final String PARTITION = "surprisal.partition";

  /** Offset of the image, decimal. */
  public static final String OFFSET = "surprisal.offset";

  /** Name of a {@link DeadLetterReason}. */
  public static final String REASON = "surprisal.reason";

  /** Class and message of what was thrown, for people; at most 1,000 characters. */
  public static final String EXCEPTION = "surprisal.exception";

  /** The image's id; absent where the value is no image record, or has none. */
  public static final String IMAGE_ID = "surprisal.image.id";

  /** The image's source; absent where the value is no image record. */
  public static final String SOURCE = "surprisal.source";

  /** Name of the image's file, without its folders; absent where its id does not end in one. */
  public static final String FILE_NAME = "surprisal.file.name";

  /** {@code true} on a record of which something was cut; absent otherwise. */
  public static final String TRUNCATED = "surprisal.truncated";

  /** On a truncated record, length of the original value in bytes, decimal. */
  public static final String ORIGINAL_LENGTH = "surprisal.original.length";

  /** On a truncated record, SHA-256 of the original value, hexadecimal. */
  public static final String ORIGINAL_SHA256 = "surprisal.original.sha256";

  /** On a record whose key was cut, length of the original key in bytes, decimal. */
  public static final String ORIGINAL_KEY_LENGTH = "surprisal.original.key.length";

  /** On a record whose original headers were dropped, their number, decimal. */
  public static final String ORIGINAL_HEADER_COUNT = "surprisal.original.header.count";

  /** Smallest limit: Surprisal's own headers and something of key and value fit. */
  public static final int MIN_BYTES = 16 << 10;

  private static final int MAX_EXCEPTION_CHARACTERS = 1000;

  /** Of each name that a header repeats. */
  private static final int MAX_NAME_CHARACTERS = 256;

  private static final Pattern FILE =
      Pattern.compile(".+\\.[A-Za-z][A-Za-z0-9]{1,7}", Pattern.DOTALL);

  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);

  private static final List<String> OWN =
      List.of(
          TOPIC,
          PARTITION,
          OFFSET,
          REASON,
          EXCEPTION,
          IMAGE_ID,
          SOURCE,
          FILE_NAME,
          TRUNCATED,
          ORIGINAL_LENGTH,
          ORIGINAL_SHA256,
          ORIGINAL_KEY_LENGTH,
          ORIGINAL_HEADER_COUNT);

  /** Upper bound of what each header adds, in bytes. */
  private static final int HEADER_OVERHEAD = 10;

  private DeadLetter() {}

  /**
   * The dead letter of an image.
   *
   * @param image as it was read; value and key may be null
   * @param maxBytes largest record batch that the topic takes, at least {@link #MIN_BYTES}
   */
  public static Record<byte[], byte[]> of(
      Record<byte[], byte[]> image,
      ImageLocation location,
      DeadLetterReason reason,
      Throwable thrown,
      int maxBytes) {
    RecordHeaders own = new RecordHeaders();
    add(own, TOPIC, location.getTopic());
    add(own, PARTITION, String.valueOf(location.getPartition()));
    add(own, OFFSET, String.valueOf(location.getOffset()));
    add(own, REASON, reason.name());
    add(own, EXCEPTION, describe(thrown));
    event(image.value()).ifPresent(event -> addNames(own, event));
    byte[] key = image.key();
    byte[] value = image.value();
    Headers original = withoutOwn(image.headers());
    if (ImageSizeLimit.RECORD_OVERHEAD_BYTES
            + length(key)
            + length(value)
            + size(original)
            + size(own)
        > maxBytes) {
      add(own, TRUNCATED, "true");
      if (value != null) {
        add(own, ORIGINAL_LENGTH, String.valueOf(value.length));
        add(own, ORIGINAL_SHA256, Sha256.hex(value));
      }
      int share = maxBytes / 4;
      if (size(original) > share) {
        add(own, ORIGINAL_HEADER_COUNT, String.valueOf(original.toArray().length));
        original = new RecordHeaders();
      }
      if (length(key) > share) {
        add(own, ORIGINAL_KEY_LENGTH, String.valueOf(key.length));
        key = Arrays.copyOf(key, share);
      }
      long left =
          maxBytes
              - ImageSizeLimit.RECORD_OVERHEAD_BYTES
              - length(key)
              - size(original)
              - size(own);
      value = value == null || value.length <= left ? value : Arrays.copyOf(value, (int) left);
    }
    RecordHeaders all = new RecordHeaders(original);
    own.forEach(all::add);
    return new Record<>(key, value, image.timestamp(), all);
  }

  /** The headers that an image came with, before it became a dead letter. */
  public static Headers withoutOwn(Headers headers) {
    RecordHeaders foreign = new RecordHeaders(headers);
    OWN.forEach(foreign::remove);
    return foreign;
  }

  /** The image that a record carries; empty where its value is none, or was cut. */
  public static Optional<ImageEvent> event(byte @Nullable [] value) {
    if (value == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(IMAGES.decode(value));
    } catch (RecordFormatException e) {
      return Optional.empty(); // the reason of its dead letter says so
    }
  }

  /** The name of a file that an image id ends in, without its folders. */
  public static Optional<String> fileName(String imageId) {
    int folders = Math.max(imageId.lastIndexOf('/'), imageId.lastIndexOf('\\')) + 1;
    return Optional.of(imageId.substring(folders)).filter(FILE.asMatchPredicate());
  }

  private static void addNames(Headers own, ImageEvent event) {
    if (!event.getImageId().isEmpty()) {
      add(own, IMAGE_ID, cut(event.getImageId(), MAX_NAME_CHARACTERS));
    }
    add(own, SOURCE, cut(event.getSource(), MAX_NAME_CHARACTERS));
    fileName(event.getImageId())
        .ifPresent(name -> add(own, FILE_NAME, cut(name, MAX_NAME_CHARACTERS)));
  }

  private static String cut(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    return text.substring(0, Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
  }

  private static void add(Headers headers, String name, String value) {
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  private static String describe(Throwable thrown) {
    return cut(thrown.getClass().getName() + ": " + thrown.getMessage(), MAX_EXCEPTION_CHARACTERS);
  }

  private static long size(Headers headers) {
    long bytes = 0;
    for (Header header : headers) {
      bytes +=
          HEADER_OVERHEAD
              + header.key().getBytes(StandardCharsets.UTF_8).length
              + length(header.value());
    }
    return bytes;
  }

  private static long length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
