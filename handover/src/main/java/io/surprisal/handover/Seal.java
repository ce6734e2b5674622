package io.surprisal.handover;

import io.surprisal.model.checks.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
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
 *
 * <p>Which key signed it is said beside, by its id ({@link Ed25519#id}); records without that, as
 * earlier versions wrote, are as good.
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

  /** Header with the id of the key, for people: the signature is what counts. */
  static final String KEY = "surprisal.key";

  private static final int MAX_AUDIENCE = 512;
  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{16}");

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
    headers.add(KEY, utf8(Ed25519.id(Ed25519.publicOf(key))));
    headers.add(
        SIGNATURE,
        Ed25519.sign(
            key, message(clusterId, record.topic(), number, record.key(), record.value())));
  }

  /** That a record bears a number, and a signature of it for a place. */
  private record Claim(ConsumerRecord<byte[], byte[]> record, String clusterId, long number) {}

  /** The number of a record whose seal counts in this place; empty where it has none that does. */
  public OptionalLong number(
      ConsumerRecord<byte[], byte[]> record, String clusterId, TrustedKeys trusted) {
    Optional<Claim> claim = claim(record, clusterId);
    return claim.isPresent() && objection(claim.get(), trusted).isEmpty()
        ? OptionalLong.of(claim.get().number())
        : OptionalLong.empty();
  }

  /** Why {@link #number} is empty, and empty where it is not. */
  public Optional<String> objection(
      ConsumerRecord<byte[], byte[]> record, String clusterId, TrustedKeys trusted) {
    Optional<Claim> claim = claim(record, clusterId);
    if (claim.isPresent() && isKnown(claim.get(), trusted)) {
      return objection(claim.get(), trusted);
    }
    return otherPlace(record, clusterId)
        .map(
            place ->
                "it is signed for %s, and this is %s/%s"
                    .formatted(place, clusterId, record.topic()))
        .or(() -> Optional.of("it is not signed by a key that is trusted here" + named(record)));
  }

  private Optional<String> objection(Claim claim, TrustedKeys trusted) {
    return trusted.objection(
        message(claim),
        signature(claim),
        this == COMMAND ? trusted.now() : Instant.ofEpochMilli(claim.number()));
  }

  /**
   * Whether one of some keys has sealed a record for this place, and is not revoked since; that it
   * has expired does not matter to what was heeded before.
   */
  public boolean isBySomeoneTrusted(
      ConsumerRecord<byte[], byte[]> record, String clusterId, TrustedKeys trusted) {
    return claim(record, clusterId)
        .filter(claim -> trusted.objectionAtAnyTime(message(claim), signature(claim)).isEmpty())
        .isPresent();
  }

  /**
   * Whether a key that is listed has sealed a record for this place, revoked and expired or not.
   */
  boolean isKnown(ConsumerRecord<byte[], byte[]> record, String clusterId, TrustedKeys trusted) {
    return claim(record, clusterId).filter(claim -> isKnown(claim, trusted)).isPresent();
  }

  private boolean isKnown(Claim claim, TrustedKeys trusted) {
    return trusted.signer(message(claim), signature(claim)).isPresent();
  }

  private Optional<Claim> claim(ConsumerRecord<byte[], byte[]> record, String clusterId) {
    Optional<byte[]> number = header(record, numberHeader);
    if (header(record, SIGNATURE).isEmpty() || number.isEmpty() || number.get().length > 20) {
      return Optional.empty();
    }
    try {
      long claimed = Long.parseLong(new String(number.get(), StandardCharsets.UTF_8));
      return Optional.of(new Claim(record, clusterId, claimed));
    } catch (NumberFormatException e) {
      return Optional.empty(); // no seal of ours
    }
  }

  private byte[] message(Claim claim) {
    ConsumerRecord<byte[], byte[]> record = claim.record();
    return message(claim.clusterId(), record.topic(), claim.number(), record.key(), record.value());
  }

  private static byte[] signature(Claim claim) {
    return header(claim.record(), SIGNATURE).orElseThrow();
  }

  /** The key that a record says has signed it: nothing that is not of an id's form is repeated. */
  private static String named(ConsumerRecord<byte[], byte[]> record) {
    return header(record, KEY)
        .filter(bytes -> bytes.length <= MAX_AUDIENCE)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .filter(id -> KEY_ID.matcher(id).matches())
        .map(id -> " (it says that it is by key " + id + ")")
        .orElse("");
  }

  /**
   * Which other place a record says that it was sealed for, as {@code CLUSTER-ID/TOPIC}. A claim:
   * it explains why {@link #number} is empty.
   */
  private static Optional<String> otherPlace(
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
