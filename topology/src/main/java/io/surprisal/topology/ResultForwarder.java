package io.surprisal.topology;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.topology.incidents.Incidents;
import io.surprisal.topology.incidents.OpenIncidents;
import io.surprisal.topology.pending.PendingImage;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.records.DeadLetterReason;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.ScoreRecords;
import io.surprisal.topology.sources.FrameLook;
import io.surprisal.topology.sources.Observation;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what became of an image: its score and, where there is one, its alert, and of which
 * incident; or its dead letter; and to the watch over sources what it was like. For one task.
 */
final class ResultForwarder {
  private static final Logger LOG = LoggerFactory.getLogger(ResultForwarder.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);

  /**
   * Results are stamped as their images, but not with longer ago: what says of itself that it is
   * old is deleted at once, whoever has not read it yet.
   */
  static final Duration LONGEST_AGO = Duration.ofDays(1);

  private final ProcessorContext<byte[], byte[]> context;
  private final int maxDeadLetterBytes;
  private final StreamMeters meters;
  private final Incidents incidents;

  /**
   * Tells of incidents that are over, too, in {@link #tick}.
   *
   * @param maxDeadLetterBytes largest record batch that the dead-letters topic takes
   * @param open incidents of all tasks
   */
  ResultForwarder(
      ProcessorContext<byte[], byte[]> context,
      int maxDeadLetterBytes,
      StreamMeters meters,
      OpenIncidents open) {
    this.context = context;
    this.maxDeadLetterBytes = maxDeadLetterBytes;
    this.meters = meters;
    incidents =
        new Incidents(
            open,
            context.taskId().partition(),
            context.getStateStore(ScoringTopology.OPEN_INCIDENTS),
            this::tell,
            context.currentSystemTimeMs());
  }

  /** Whether {@link #tick} has something to do. */
  boolean awaitsEnds() {
    return !incidents.isEmpty();
  }

  /** Time passes: incidents may be over, or are to be told of. */
  void tick() {
    incidents.tick(context.currentSystemTimeMs());
  }

  /** The partition goes to another owner. */
  void leave() {
    incidents.leave();
  }

  private void tell(AlertIncident incident) {
    context.forward(
        new Record<>(
            Incidents.key(incident), INCIDENTS.encode(incident), context.currentSystemTimeMs()),
        ScoringTopology.INCIDENTS);
  }

  /**
   * Forwards what became of a completed image.
   *
   * @return its score; empty for a dead letter
   * @throws DeviceFailedException if the device failed, and not the image
   */
  Optional<ScoreRecords.Scored> forward(PendingImage image) {
    ScoreRecords.Scored scored;
    try {
      scored = judge(image);
    } catch (DeviceFailedException e) {
      throw e;
    } catch (Exception e) {
      image.cancel();
      forwardDeadLetter(image, e);
      ImageIntake.source(image.record())
          .ifPresent(source -> observe(image, source, Optional.empty(), Optional.empty()));
      return Optional.empty();
    }
    forward(image, SCORES.encode(scored.score()), ScoringTopology.SCORES);
    meters.scored(scored.score());
    LOG.debug(
        "Image {}: {} bits/dim",
        ScoreRecords.name(image.location()),
        scored.score().getBitsPerDim());
    if (scored.alert().isPresent()) {
      AnomalyAlert alert = scored.alert().get();
      alert.setIncidentId(incidents.alerted(alert, context.currentSystemTimeMs()));
      forwardAlert(image, alert);
    } else {
      incidents.quiet(
          scored.score().getSource(), scored.score().getEventTime(), context.currentSystemTimeMs());
    }
    observe(
        image,
        scored.score().getSource(),
        Optional.of(scored),
        image.submission().map(PendingImage.Submission::look));
    return Optional.of(scored);
  }

  /** Tells the watch over sources of an image. */
  private void observe(
      PendingImage image,
      String source,
      Optional<ScoreRecords.Scored> scored,
      Optional<FrameLook> look) {
    long now = context.currentSystemTimeMs();
    Observation observation =
        new Observation(
            image.location().getPartition(),
            image.record().timestamp(),
            now,
            scored.flatMap(ScoreRecords.Scored::alert).isPresent(),
            scored.filter(one -> !one.score().getRepairs().isEmpty()).isPresent(),
            look);
    context.forward(
        new Record<>(source.getBytes(StandardCharsets.UTF_8), observation.encode(), now),
        ScoringTopology.OBSERVATIONS);
  }

  /**
   * @throws Exception that says what is wrong with this image
   */
  private ScoreRecords.Scored judge(PendingImage image) throws Exception {
    var likelihood = image.result();
    PendingImage.Submission submission = image.submission().orElseThrow();
    return new ScoreRecords(submission.model())
        .judge(submission.identity(), submission.repairs(), image.location(), likelihood);
  }

  private void forwardAlert(PendingImage image, AnomalyAlert alert) {
    forward(image, ALERTS.encode(alert), ScoringTopology.ALERTS);
    meters.alerted(alert);
    LOG.info(
        "Alert {}: image {} has {} bits/dim{}: {}{}",
        alert.getAlertId(),
        ScoreRecords.name(image.location()),
        alert.getBitsPerDim(),
        alert.getThreshold() == null ? "" : ", threshold " + alert.getThreshold(),
        alert.getReasons(),
        alert.getBoxes().isEmpty() ? "" : " in " + alert.getBoxes().size() + " parts");
  }

  private void forwardDeadLetter(PendingImage image, Exception thrown) {
    DeadLetterReason reason = DeadLetterReason.of(thrown);
    String name = ScoreRecords.name(image.location());
    if (reason == DeadLetterReason.SCORING_FAILED) {
      LOG.error("Scoring image {} failed unexpectedly", name, thrown);
    }
    context.forward(
        DeadLetter.of(image.record(), image.location(), reason, thrown, maxDeadLetterBytes)
            .withTimestamp(stamp(image)),
        ScoringTopology.DEAD_LETTERS);
    meters.deadLettered(reason);
    LOG.warn("Image {} became a dead letter: {}", name, reason);
  }

  /** Without the image's headers, which could make the result too large; but with its trace. */
  private void forward(PendingImage image, byte[] value, String sink) {
    Record<byte[], byte[]> record = image.record();
    context.forward(
        new Record<>(
            record.key(), value, stamp(image), TraceContext.of(record.headers()).headers()),
        sink);
  }

  private long stamp(PendingImage image) {
    return Math.max(
        image.record().timestamp(), context.currentSystemTimeMs() - LONGEST_AGO.toMillis());
  }
}
