package io.surprisal.trainer.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.Seal;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.CommandHeaders;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReviewReaderTest {
  private static final RecordFormat<AlertReview> FORMAT = RecordFormat.of(AlertReview.class);
  private static final Topics TOPICS = new Topics("test.");
  private static final KeyPair KEYS = Ed25519.newKeys();

  private static ReviewReader reader(PublicKey... commanders) {
    return new ReviewReader(
        new ClusterSettings(
            "cluster",
            TOPICS,
            Map.of(),
            "group",
            "member",
            TrustedKeys.of(commanders),
            Duration.ofHours(1)));
  }

  private static AlertReview.Builder review() {
    return AlertReview.newBuilder()
        .setAlertId("0f".repeat(16))
        .setImageId("image")
        .setSource("camera")
        .setReasons(List.of(AlertReason.LOCAL))
        .setVerdict(ReviewVerdict.CONFIRMED)
        .setReviewedAt(Instant.parse("2020-01-01T00:00:00Z"))
        .setLocation(new ImageLocation(TOPICS.images(), 2, 7L));
  }

  private static ConsumerRecord<byte[], byte[]> record(byte[] value) {
    return new ConsumerRecord<>(
        TOPICS.reviews(), 0, 7, "key".getBytes(StandardCharsets.UTF_8), value);
  }

  private static Optional<String> objection(
      ReviewReader reader, ConsumerRecord<byte[], byte[]> record) {
    return reader.objection(record, reader.decode(record));
  }

  private static Optional<String> objection(AlertReview.Builder review) {
    return objection(reader(), record(FORMAT.encode(review.build())));
  }

  /** However old it is: a review holds until another one takes its place. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
  void shouldHaveNothingAgainstAReview(ReviewVerdict verdict) {
    assertThat(objection(review().setVerdict(verdict))).isEmpty();
  }

  @Test
  void shouldObjectToAVerdictOfALaterVersion() {
    assertThat(objection(review().setVerdict(ReviewVerdict.UNKNOWN)).orElseThrow())
        .contains("upgrade the trainer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0f", "0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F", "zz"})
  void shouldObjectToWhatIsNoAlertsName(String id) {
    assertThat(objection(review().setAlertId(id)).orElseThrow()).contains("alertId");
  }

  /** Places in other topics would be taken for those of other images. */
  @Test
  void shouldObjectToImagesOfAnotherTopic() {
    assertThat(
            objection(review().setLocation(new ImageLocation("other.images", 2, 7L))).orElseThrow())
        .contains(TOPICS.images());
  }

  /** Sealed for a place and then lying in this one, as a copy would. */
  private ConsumerRecord<byte[], byte[]> sealed(byte[] value, String cluster, String topic) {
    ConsumerRecord<byte[], byte[]> record = record(value);
    ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>(topic, record.key(), value);
    Seal.REVIEW.put(sent, cluster, 1, KEYS.getPrivate());
    sent.headers().forEach(record.headers()::add);
    return record;
  }

  @Test
  void shouldHeedReviewsThatAreSignedForThisPlaceAloneWhereSigningIsOn() {
    byte[] value = FORMAT.encode(review().build());
    byte[] changed = FORMAT.encode(review().setVerdict(ReviewVerdict.FALSE_ALARM).build());
    String topic = record(value).topic();
    ConsumerRecord<byte[], byte[]> signed = sealed(value, "cluster", topic);
    ConsumerRecord<byte[], byte[]> other = record(changed);
    signed.headers().forEach(other.headers()::add);
    ConsumerRecord<byte[], byte[]> earlier = record(value);
    earlier.headers().add(CommandHeaders.SIGNATURE, Ed25519.sign(KEYS.getPrivate(), value));

    assertThat(objection(reader(KEYS.getPublic()), signed)).isEmpty();
    assertThat(objection(reader(Ed25519.newKeys().getPublic()), signed).orElseThrow())
        .contains("not signed");
    assertThat(objection(reader(KEYS.getPublic()), other).orElseThrow()).contains("not signed");
    assertThat(objection(reader(KEYS.getPublic()), record(value)).orElseThrow())
        .contains("not signed");
    assertThat(objection(reader(KEYS.getPublic()), earlier).orElseThrow())
        .contains("earlier versions");
    assertThat(objection(reader(KEYS.getPublic()), sealed(value, "stage", topic)).orElseThrow())
        .contains("signed for stage/" + topic);
    assertThat(objection(reader(KEYS.getPublic()), sealed(value, "cluster", "stage.reviews")))
        .isPresent();
  }

  @Test
  void shouldSayThatARecordHoldsNoReview() {
    assertThatExceptionOfType(RecordFormatException.class)
        .isThrownBy(() -> reader().decode(record(new byte[] {1, 2, 3})));
  }
}
