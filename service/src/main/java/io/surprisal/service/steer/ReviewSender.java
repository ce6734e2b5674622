package io.surprisal.service.steer;

import io.surprisal.handover.Seal;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Sends what people say of alerts, signed where there is a key. Thread-safe. */
public final class ReviewSender {
  /** Most characters of a reviewer's name. */
  public static final int LONGEST_NAME = 256;

  /** Most characters of a note. */
  public static final int LONGEST_NOTE = 1000;

  private static final Duration CLOCKS_APART = Duration.ofDays(1);

  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);

  private final Producer<byte[], byte[]> producer;
  private final Topics topics;
  private final Optional<CommandSender.Signing> signing;

  /**
   * @param producer stays the caller's
   * @param signing with which key, and for which cluster; a review holds for ever
   */
  public ReviewSender(
      Producer<byte[], byte[]> producer, Topics topics, Optional<CommandSender.Signing> signing) {
    this.producer = producer;
    this.topics = topics;
    this.signing = signing;
  }

  /** A review of an alert that has its facts already, and no verdict yet. */
  public static AlertReview.Builder of(AnomalyAlert alert) {
    return AlertReview.newBuilder()
        .setAlertId(alert.getAlertId())
        .setImageId(alert.getImageId())
        .setSource(alert.getSource())
        .setReleaseId(alert.getReleaseId())
        .setReasons(alert.getReasons())
        .setLocation(alert.getLocation());
  }

  /**
   * When a review is given that takes the place of another: now, or a millisecond after that one
   * where its sender's clock is ahead, since of signed reviews the later one holds. A time more
   * than a day ahead is no clock's, and not followed.
   */
  public static Instant timeAfter(Optional<AlertReview> before, Instant now) {
    Instant here = now.truncatedTo(ChronoUnit.MILLIS);
    return before
        .map(review -> review.getReviewedAt().plusMillis(1))
        .filter(after -> after.isAfter(here) && after.isBefore(here.plus(CLOCKS_APART)))
        .orElse(here);
  }

  /**
   * Sends a review and waits until the broker has it.
   *
   * @throws KafkaException if the broker does not take it
   */
  public void send(AlertReview review) throws InterruptedException {
    byte[] value = REVIEWS.encode(review);
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topics.reviews(), review.getAlertId().getBytes(StandardCharsets.UTF_8), value);
    signing.ifPresent(
        with ->
            Seal.REVIEW.put(
                record, with.clusterId(), review.getReviewedAt().toEpochMilli(), with.key()));
    try {
      producer.send(record).get();
    } catch (ExecutionException e) {
      throw new KafkaException("the review could not be sent", e.getCause());
    }
  }
}
