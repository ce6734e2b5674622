package io.surprisal.service.options;

import io.surprisal.handover.Seal;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.AlertReview;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Whose reviews count: those that one of some keys has signed for this cluster, as the trainer
 * heeds them with {@code --commanded-by}; all where no keys are named. Thread-safe.
 *
 * @param keys of which one must have signed
 * @param clusterId what the brokers call their cluster; of no use where no keys are named
 */
public record ReviewTrust(TrustedKeys keys, String clusterId) {
  /** All count. */
  public static final ReviewTrust ANYBODY = new ReviewTrust(TrustedKeys.NOBODY_ASKED, "");

  /** Whether reviews must be signed. */
  public boolean isAsked() {
    return keys.isAsked();
  }

  /** Whether the review in a record counts. */
  public boolean counts(ConsumerRecord<byte[], byte[]> record) {
    return !isAsked() || Seal.REVIEW.number(record, clusterId, keys).isPresent();
  }

  /**
   * Which of two reviews of an alert holds: of signed ones that which was given last, wherever it
   * lies, since somebody may have sent an earlier one again; else the one that came last.
   */
  public AlertReview last(AlertReview one, AlertReview next) {
    return isAsked() && next.getReviewedAt().isBefore(one.getReviewedAt()) ? one : next;
  }
}
