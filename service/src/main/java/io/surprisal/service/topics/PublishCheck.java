package io.surprisal.service.topics;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.options.ImageSource;
import io.surprisal.topology.records.ImageIntake;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Refuses before it is sent what the topic would not take, and what scorers would make a dead
 * letter of: with the scorers' own decoder, so that nobody is of another opinion. For one thread.
 */
final class PublishCheck {

  /** The reason of what is larger than the topic takes. */
  private static final String TOO_LARGE_A_RECORD = "LARGER_THAN_TOPIC";

  /** The reason of a file that cannot be read. */
  private static final String UNREADABLE = "UNREADABLE";

  private static final int MIB = 1 << 20;

  private final String topic;
  private final int maxRecordBytes;
  private final ImageIntake intake = new ImageIntake(DecodingLimits.defaults());
  private final RecordFormat<ImageEvent> format = RecordFormat.of(ImageEvent.class);

  /**
   * @param topic of images
   * @param maxRecordBytes its {@code max.message.bytes}
   */
  PublishCheck(String topic, int maxRecordBytes) {
    this.topic = topic;
    this.maxRecordBytes = maxRecordBytes;
  }

  /**
   * Why an image is not sent.
   *
   * @param image what it is called
   * @param reason for programs; of what scorers would refuse, that of its dead letter
   * @param message for people: what is wrong, and the remedy where there is one
   */
  record Refused(String image, String reason, String message) {}

  /** What is to be sent of an image, or why it is not. */
  sealed interface Checked {
    /** The value of its record. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Sendable(byte[] value) implements Checked {}

    /** Nothing. */
    record NotSendable(Refused why) implements Checked {}
  }

  /**
   * Reads and checks an image.
   *
   * @param key of its record; null: it has none
   * @param source what the image says it comes from
   */
  Checked check(ImageSource images, int index, byte @Nullable [] key, String source, Instant time) {
    String name = images.name(index);
    try {
      long bytes = images.bytes(index);
      if (bytes > maxRecordBytes) { // it is not even read
        return new Checked.NotSendable(tooLarge(name, bytes));
      }
      ImageEvent event = images.event(index, source, time);
      Optional<ImageIntake.Refusal> refusal = intake.refusal(key, event);
      if (refusal.isPresent()) {
        return new Checked.NotSendable(
            new Refused(name, refusal.get().reason().name(), refusal.get().message()));
      }
      byte[] value = format.encode(event);
      return ImageSizeLimit.RECORD_OVERHEAD_BYTES + length(key) + value.length > maxRecordBytes
          ? new Checked.NotSendable(tooLarge(name, bytes))
          : new Checked.Sendable(value);
    } catch (ImageRejectedException e) {
      return new Checked.NotSendable(
          new Refused(name, e.reason().name(), String.valueOf(e.getMessage())));
    } catch (IOException e) {
      return new Checked.NotSendable(new Refused(name, UNREADABLE, Failure.of(e).message()));
    }
  }

  /**
   * Of an image that only Kafka itself found to be too large: the topic's limit was not known, has
   * been lowered, or the user has told the producer a smaller one.
   *
   * @param bytes of its record
   */
  static Refused refusedByKafka(String name, int bytes) {
    return new Refused(
        name,
        TOO_LARGE_A_RECORD,
        "Kafka does not take its record of "
            + bytes
            + " bytes; look at max.message.bytes of the topic, and at max.request.size where it was"
            + " set with --kafka");
  }

  /**
   * @param bytes of the image, without its record
   */
  private Refused tooLarge(String name, long bytes) {
    long needed = (bytes + MIB - 1) / MIB * MIB;
    return new Refused(
        name,
        TOO_LARGE_A_RECORD,
        "its %d bytes are more than topic %s takes (records of %d bytes); send it smaller%s"
            .formatted(
                bytes,
                topic,
                maxRecordBytes,
                needed > ImageSizeLimit.MOST_BYTES
                    ? ""
                    : ", or let the topic take more with 'surprisal topics --max-image-bytes %d --raise-limits'"
                        .formatted(needed)));
  }

  private static int length(byte @Nullable [] key) {
    return key == null ? 0 : key.length;
  }
}
