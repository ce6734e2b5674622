package io.surprisal.schemas;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * How large an image may be on its way. Topics, brokers, producers and dead letters derive their
 * limits from it, so that whatever one of them takes all others take.
 *
 * <p>In Kafka a topic's {@code max.message.bytes} bounds its records, whatever the broker's own
 * {@code message.max.bytes} is, and producers have two bounds of their own, see {@link #producer}.
 * Nobody else has any: a consumer, or a replica, gets a record that is larger than its fetch sizes
 * all the same, alone (KIP-74), and holds no more for it.
 *
 * @param imageBytes largest encoded image: a PNG or JPEG file, or raw pixels
 */
public record ImageSizeLimit(int imageBytes) {

  /** Of an unconfigured system, 8 MiB: phones write pictures of 3 to 5 MB. */
  public static final int DEFAULT_BYTES = 8 << 20;

  /** 64 MiB: brokers take requests of 100 MiB ({@code socket.request.max.bytes}). */
  public static final int MOST_BYTES = 64 << 20;

  /** Of an unconfigured system. */
  public static final ImageSizeLimit DEFAULT = new ImageSizeLimit(DEFAULT_BYTES);

  /** Upper bound of what Kafka adds to key, value and headers where a batch has one record. */
  public static final int RECORD_OVERHEAD_BYTES = 128;

  /**
   * What an image's record may hold beside the image: 64 KiB of key, 1 KiB of id, 1 KiB of source,
   * headers, and what Kafka adds.
   */
  private static final int ENVELOPE_BYTES = 128 << 10;

  /** What a dead letter may hold beside the image's record: Surprisal's own headers. */
  private static final int DEAD_LETTER_EXTRA_BYTES = 64 << 10;

  /** Kafka's own limit of a producer's requests, in bytes. */
  private static final int LEAST_REQUEST_BYTES = 1 << 20;

  /** Kafka's own size of a producer's memory for records that wait, in bytes. */
  private static final long LEAST_BUFFER_BYTES = 32L << 20;

  /**
   * @throws IllegalArgumentException if it is not 1 to {@link #MOST_BYTES}
   */
  public ImageSizeLimit {
    if (imageBytes < 1 || imageBytes > MOST_BYTES) {
      throw new IllegalArgumentException(
          "the largest image is %d bytes, must be 1 to %d".formatted(imageBytes, MOST_BYTES));
    }
  }

  /** The {@code max.message.bytes} of a topic of such images. */
  public int recordBytes() {
    return imageBytes + ENVELOPE_BYTES;
  }

  /** The {@code max.message.bytes} of their dead letters: any image fits whole. */
  public int deadLetterBytes() {
    return recordBytes() + DEAD_LETTER_EXTRA_BYTES;
  }

  /**
   * What a producer is told that sends records so large: of those that are too large for its buffer
   * it says the same as of those that are too large for the topic.
   *
   * @param recordBytes the topic's {@code max.message.bytes}
   */
  public static Map<String, Object> producer(int recordBytes) {
    return Map.of(
        ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
        Math.max(recordBytes, LEAST_REQUEST_BYTES),
        ProducerConfig.BUFFER_MEMORY_CONFIG,
        Math.max(2L * recordBytes, LEAST_BUFFER_BYTES));
  }
}
