package io.surprisal.handover;

import io.surprisal.model.checks.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * A signature of a record that holds in one place alone: in this cluster, in this topic, under this
 * key, and of this number. A copy of the record anywhere else is not signed. What is signed
 * (Ed25519) is a text of six lines, each ended by a line feed:
 *
 * <pre>
 * surprisal-KIND 1
 * CLUSTER-ID
 * TOPIC
 * NUMBER
 * SHA-256 of the record's key, hexadecimal
 * SHA-256 of the record's value, hexadecimal
 * </pre>
 */
public enum Seal {
  /** Of a release's announcement; each later one has a greater number. */
  ANNOUNCEMENT("announcement", "surprisal.sequence"),

  /** Of a command; the number is when it expires, in milliseconds since 1970-01-01T00:00:00Z. */
  COMMAND("command", "surprisal.expires"),

  /** Of a review; the number is when it was given, in milliseconds since 1970-01-01T00:00:00Z. */
  REVIEW("review", "surprisal.reviewed");

  /** Header with the signature, 64 bytes. */
  static final String SIGNATURE = "surprisal.seal";

  /** Header that says where the record belongs, for people: {@code CLUSTER-ID/TOPIC}. */
  static final String AUDIENCE = "surprisal.audience";

  private static final int MAX_AUDIENCE = 512;

  private final String kind;
  private final String numberHeader;

  Seal(String kind, String numberHeader) {
    this.kind = kind;
    this.numberHeader = numberHeader;
  }

  /** Puts the seal on a record. */
  public void put(
      ProducerRecord<byte[], byte[]> record, String clusterId, long number, PrivateKey key) {
    Headers headers = record.headers();
    headers.add(numberHeader, utf8(Long.toString(number)));
    headers.add(AUDIENCE, utf8(clusterId + "/" + record.topic()));
    headers.add(
        SIGNATURE,
        Ed25519.sign(
            key, message(clusterId, record.topic(), number, record.key(), record.value())));
  }

  /**
   * The number of a record that one of some keys has sealed for this place; empty where none has.
   */
  public OptionalLong number(
      ConsumerRecord<byte[], byte[]> record, String clusterId, List<PublicKey> trusted) {
    Optional<byte[]> signature = header(record, SIGNATURE);
    Optional<byte[]> number = header(record, numberHeader);
    if (signature.isEmpty() || number.isEmpty() || number.get().length > 20) {
      return OptionalLong.empty();
    }
    try {
      long claimed = Long.parseLong(new String(number.get(), StandardCharsets.UTF_8));
      byte[] message = message(clusterId, record.topic(), claimed, record.key(), record.value());
      return Ed25519.isTrusted(trusted, message, signature.get())
          ? OptionalLong.of(claimed)
          : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty(); // no seal of ours
    }
  }

  /**
   * Which other place a record says that it was sealed for, as {@code CLUSTER-ID/TOPIC}. A claim:
   * it explains why {@link #number} is empty.
   */
  public static Optional<String> otherPlace(
      ConsumerRecord<byte[], byte[]> record, String clusterId) {
    return header(record, AUDIENCE)
        .filter(bytes -> bytes.length <= MAX_AUDIENCE)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .filter(place -> !place.equals(clusterId + "/" + record.topic()));
  }

  private static Optional<byte[]> header(ConsumerRecord<byte[], byte[]> record, String name) {
    return Optional.ofNullable(record.headers().lastHeader(name)).map(Header::value);
  }

  private byte[] message(String clusterId, String topic, long number, byte[] key, byte[] value) {
    return utf8(
        String.join(
            "\n",
            "surprisal-" + kind + " 1",
            clusterId,
            topic,
            Long.toString(number),
            sha256(key),
            sha256(value),
            ""));
  }

  /** Of no bytes where there are none. */
  private static String sha256(byte[] bytes) {
    return Sha256.hex(bytes == null ? new byte[0] : bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
