package io.surprisal.topology;

import io.surprisal.model.images.DecodingLimits;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What flows where: images in; scores, alerts and dead letters out. Each image leaves exactly one
 * score or one dead letter. Records are read as raw bytes, so that no input can stop the stream in
 * a deserializer and a dead letter carries what came.
 *
 * <pre>
 * images → score → scores
 *                → alerts
 *                → dead-letters
 * </pre>
 */
public final class ScoringTopology {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringTopology.class);

  /** Largest image id and source in bytes of UTF-8. */
  public static final int MAX_ID_BYTES = 1 << 10;

  /** Largest key in bytes. Scores and alerts carry the image's key, so it must fit them. */
  public static final int MAX_KEY_BYTES = 64 << 10;

  static final String SOURCE = "images";
  static final String PROCESSOR = "score";
  static final String SCORES = "scores";
  static final String ALERTS = "alerts";
  static final String DEAD_LETTERS = "dead-letters";

  private final Topics topics;
  private final ServedModel model;
  private final DecodingLimits limits;
  private final int maxDeadLetterBytes;
  private final Counters counters = new Counters();

  /**
   * @param limits what an encoded image may cost
   * @param maxDeadLetterBytes largest record batch that the dead-letters topic takes. Ask {@link
   *     TopicSetup#maxMessageBytes}: under exactly-once processing a record that the broker refuses
   *     as too large aborts the transaction, whatever a production exception handler says, so none
   *     may be sent
   * @throws IllegalArgumentException if maxDeadLetterBytes is too small for Surprisal's own headers
   */
  public ScoringTopology(
      Topics topics, ServedModel model, DecodingLimits limits, int maxDeadLetterBytes) {
    if (maxDeadLetterBytes < DeadLetter.MIN_BYTES) {
      throw new IllegalArgumentException(
          "The limit of dead letters is "
              + maxDeadLetterBytes
              + " bytes, must be at least "
              + DeadLetter.MIN_BYTES);
    }
    this.topics = topics;
    this.model = model;
    this.limits = limits;
    this.maxDeadLetterBytes = maxDeadLetterBytes;
  }

  /** The topology, ready for a driver or for Kafka Streams. */
  public Topology build() {
    var bytesOut = new ByteArraySerializer();
    var bytesIn = new ByteArrayDeserializer();
    return new Topology()
        .addSource(
            AutoOffsetReset.earliest(),
            SOURCE,
            ScoringTopology::timestamp,
            bytesIn,
            bytesIn,
            topics.images())
        .addProcessor(
            PROCESSOR,
            () -> new ScoringProcessor(model, limits, maxDeadLetterBytes, counters),
            SOURCE)
        .addSink(SCORES, topics.scores(), bytesOut, bytesOut, PROCESSOR)
        .addSink(ALERTS, topics.alerts(), bytesOut, bytesOut, PROCESSOR)
        .addSink(DEAD_LETTERS, topics.deadLetters(), bytesOut, bytesOut, PROCESSOR);
  }

  /** One line of warning if no alert can ever be raised. */
  void warnIfSilent() {
    model
        .rule()
        .silence()
        .ifPresent(
            reason ->
                LOG.warn(
                    "Release {} scores images, but none raises an alert: {}",
                    model.releaseId(),
                    reason));
  }

  /**
   * A record may come without a timestamp (-1), which would stop the stream: it is taken as now.
   */
  static long timestamp(ConsumerRecord<Object, Object> image, long partitionTime) {
    return image.timestamp() >= 0 ? image.timestamp() : System.currentTimeMillis();
  }

  /** What all processors of this topology have done. */
  public ScoringCounts counts() {
    return counters.snapshot();
  }
}
