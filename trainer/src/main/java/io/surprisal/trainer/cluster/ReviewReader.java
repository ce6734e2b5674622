package io.surprisal.trainer.cluster;

import io.surprisal.handover.Seal;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReviewVerdict;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Takes what people say of alerts from its records, and says why a record is not heeded. */
public final class ReviewReader {
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);
  private static final Pattern ALERT_ID = Pattern.compile("[0-9a-f]{32}");

  private final ClusterSettings cluster;

  /**
   * @param cluster says which topic images lie in, and whose signature is asked for
   */
  public ReviewReader(ClusterSettings cluster) {
    this.cluster = cluster;
  }

  /**
   * The review in a record.
   *
   * @throws RecordFormatException if it holds none
   */
  public AlertReview decode(ConsumerRecord<byte[], byte[]> record) {
    return REVIEWS.decode(record.value());
  }

  private String forgery(ConsumerRecord<byte[], byte[]> record) {
    return CommandReader.isSigned(record, cluster.commanders())
        ? "its signature does not say for which cluster and topic it holds, as those of earlier"
            + " versions; review again with this one"
        : Seal.REVIEW.objection(record, cluster.clusterId(), cluster.commanders()).orElseThrow();
  }

  /**
   * When a review was given, in milliseconds since 1970, as its signature says; empty where none is
   * asked for, or it has none that counts here.
   */
  public OptionalLong number(ConsumerRecord<byte[], byte[]> record) {
    return cluster.commanders().isAsked()
        ? Seal.REVIEW.number(record, cluster.clusterId(), cluster.commanders())
        : OptionalLong.empty();
  }

  /** Why a review is not heeded; empty where it is. */
  public Optional<String> objection(ConsumerRecord<byte[], byte[]> record, AlertReview review) {
    if (cluster.commanders().isAsked() && number(record).isEmpty()) {
      return Optional.of(forgery(record));
    }
    if (!ALERT_ID.matcher(review.getAlertId()).matches()) {
      return Optional.of("its alertId is not 32 lower-case hexadecimal digits");
    }
    if (!review.getLocation().getTopic().equals(cluster.topics().images())) {
      return Optional.of("its image does not lie in " + cluster.topics().images());
    }
    if (review.getVerdict() == ReviewVerdict.UNKNOWN) {
      return Optional.of("this version does not know its verdict; upgrade the trainer");
    }
    return Optional.empty();
  }
}
