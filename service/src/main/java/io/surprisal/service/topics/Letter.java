package io.surprisal.service.topics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.schemas.ImageEvent;
import io.surprisal.service.cli.Printable;
import io.surprisal.topology.records.DeadLetter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * A dead letter that was read.
 *
 * @param record as it lies in the topic
 * @param image that it carries; empty where the value is none, or was cut
 */
record Letter(ConsumerRecord<byte[], byte[]> record, Optional<ImageEvent> image) {

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if the record has not the headers of a dead letter
   */
  static Letter of(ConsumerRecord<byte[], byte[]> record) {
    Letter letter = new Letter(record, DeadLetter.event(record.value()));
    Integer.parseInt(letter.require(DeadLetter.PARTITION));
    Long.parseLong(letter.require(DeadLetter.OFFSET));
    letter.require(DeadLetter.TOPIC);
    letter.require(DeadLetter.REASON);
    letter.require(DeadLetter.EXCEPTION);
    return letter;
  }

  private @Nullable String header(String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), UTF_8);
  }

  private String require(String name) {
    String value = header(name);
    if (value == null) {
      throw new IllegalArgumentException("a dead letter without the header " + name);
    }
    return value;
  }

  /** The image's id; of letters that do not say, from the image. */
  Optional<String> imageId() {
    return Optional.ofNullable(header(DeadLetter.IMAGE_ID))
        .or(() -> image.map(ImageEvent::getImageId))
        .filter(id -> !id.isEmpty());
  }

  /** The image's source; of letters that do not say, from the image. */
  Optional<String> source() {
    return Optional.ofNullable(header(DeadLetter.SOURCE))
        .or(() -> image.map(ImageEvent::getSource));
  }

  /** The image's file; of letters that do not say, from its id. */
  Optional<String> fileName() {
    return Optional.ofNullable(header(DeadLetter.FILE_NAME))
        .or(() -> imageId().flatMap(DeadLetter::fileName));
  }

  /** Whether the image was too large to be kept whole. */
  boolean isCut() {
    return header(DeadLetter.TRUNCATED) != null;
  }

  /** What {@code --json} prints. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("topic", require(DeadLetter.TOPIC));
    fields.put("partition", Integer.parseInt(require(DeadLetter.PARTITION)));
    fields.put("offset", Long.parseLong(require(DeadLetter.OFFSET)));
    fields.put("imageId", imageId());
    fields.put("source", source());
    fields.put("fileName", fileName());
    fields.put("reason", require(DeadLetter.REASON));
    fields.put("exception", require(DeadLetter.EXCEPTION));
    fields.put("truncated", isCut());
    fields.put("bytes", record.value() == null ? 0 : record.value().length);
    return fields;
  }

  /** A line for people: where it lay, what it was, and what is wrong with it. */
  String line() {
    return Printable.text(
        "%s-%s at offset %s  %s  %s  %s  %s"
            .formatted(
                require(DeadLetter.TOPIC),
                require(DeadLetter.PARTITION),
                require(DeadLetter.OFFSET),
                source().orElse("no source"),
                imageId().orElse("no id"),
                require(DeadLetter.REASON),
                require(DeadLetter.EXCEPTION)));
  }
}
