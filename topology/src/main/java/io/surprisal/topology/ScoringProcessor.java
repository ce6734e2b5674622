package io.surprisal.topology;

import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.DecodingLimits;
import io.surprisal.model.images.ImageDecoder;
import io.surprisal.model.images.ImageFormat;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ScoreVerdict;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores one image after the other, synchronously: when a record has been processed, its results
 * have been forwarded, so that exactly-once processing alone keeps every image. Whatever is wrong
 * with one image makes a dead letter of that image and touches no other; only errors of the JVM and
 * of Kafka pass through.
 */
final class ScoringProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringProcessor.class);
  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);

  private final ServedModel model;
  private final ImageDecoder decoder;
  private final int maxDeadLetterBytes;
  private final Counters counters;
  private ProcessorContext<byte[], byte[]> context;

  ScoringProcessor(
      ServedModel model, DecodingLimits limits, int maxDeadLetterBytes, Counters counters) {
    this.model = model;
    this.decoder = new ImageDecoder(limits);
    this.maxDeadLetterBytes = maxDeadLetterBytes;
    this.counters = counters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> image) {
    RecordMetadata location = context.recordMetadata().orElseThrow();
    Scored scored;
    try {
      scored = score(image, location);
    } catch (NotScoredException e) {
      forwardDeadLetter(image, location, e.reason, e);
      return;
    } catch (RecordFormatException e) {
      forwardDeadLetter(image, location, DeadLetterReason.of(e), e);
      return;
    } catch (ImageRejectedException e) {
      forwardDeadLetter(image, location, DeadLetterReason.of(e), e);
      return;
    } catch (RuntimeException e) {
      LOG.error("Scoring image {} failed unexpectedly", name(location), e);
      forwardDeadLetter(image, location, DeadLetterReason.SCORING_FAILED, e);
      return;
    }
    forward(image, SCORES.encode(scored.score()), ScoringTopology.SCORES);
    counters.scored.increment();
    LOG.debug("Image {}: {} bits/dim", name(location), scored.score().getBitsPerDim());
    scored.alert().ifPresent(alert -> forwardAlert(image, location, alert));
  }

  /** What becomes of an image that can be scored. */
  private record Scored(ImageScore score, Optional<AnomalyAlert> alert) {}

  private Scored score(Record<byte[], byte[]> image, RecordMetadata metadata)
      throws NotScoredException, ImageRejectedException {
    if (image.value() == null) {
      throw new NotScoredException(DeadLetterReason.NULL_VALUE, "The record has no value");
    }
    if (image.key() != null && image.key().length > ScoringTopology.MAX_KEY_BYTES) {
      throw new NotScoredException(
          DeadLetterReason.OVERSIZED_KEY,
          "The key has %d bytes; at most %d are allowed"
              .formatted(image.key().length, ScoringTopology.MAX_KEY_BYTES));
    }
    ImageEvent event = IMAGES.decode(image.value());
    requireShort("imageId", event.getImageId());
    requireShort("source", event.getSource());
    PixelImage pixels = model.preprocessing().apply(decode(event));
    ImageLikelihood likelihood = model.scoring().apply(pixels);
    if (!Double.isFinite(likelihood.bitsPerDim())) {
      throw new NotScoredException(
          DeadLetterReason.NOT_FINITE,
          "Release %s gives %s bits/dim".formatted(model.releaseId(), likelihood.bitsPerDim()));
    }
    Verdict verdict = model.rule().judge(likelihood);
    ImageScore score =
        scoreRecord(
            event,
            new ImageLocation(metadata.topic(), metadata.partition(), metadata.offset()),
            likelihood,
            verdict);
    return new Scored(score, verdict.alert() ? Optional.of(alertRecord(score)) : Optional.empty());
  }

  private PixelImage decode(ImageEvent event) throws NotScoredException, ImageRejectedException {
    ImageFormat format =
        switch (event.getFormat()) {
          case PNG -> ImageFormat.PNG;
          case JPEG -> ImageFormat.JPEG;
          case GRAY8 -> ImageFormat.GRAY8;
          case RGB8 -> ImageFormat.RGB8;
          case UNKNOWN ->
              throw new NotScoredException(
                  DeadLetterReason.UNKNOWN_FORMAT,
                  "The stated format is not known to this version; upgrade the scorer");
        };
    byte[] body = new byte[event.getBody().remaining()];
    event.getBody().duplicate().get(body);
    return decoder.decode(format, event.getWidth(), event.getHeight(), body);
  }

  private static void requireShort(String name, String value) throws NotScoredException {
    int bytes = value.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > ScoringTopology.MAX_ID_BYTES) {
      throw new NotScoredException(
          DeadLetterReason.OVERSIZED_ID,
          "%s has %d bytes; at most %d are allowed"
              .formatted(name, bytes, ScoringTopology.MAX_ID_BYTES));
    }
  }

  private ImageScore scoreRecord(
      ImageEvent event, ImageLocation location, ImageLikelihood likelihood, Verdict verdict) {
    return ImageScore.newBuilder()
        .setImageId(event.getImageId().isEmpty() ? name(location) : event.getImageId())
        .setSource(event.getSource())
        .setEventTime(event.getEventTime())
        .setReleaseId(model.releaseId())
        .setPrecision(model.precision())
        .setBitsPerDim(likelihood.bitsPerDim())
        .setStandardError(likelihood.standardError())
        .setPrior(likelihood.prior())
        .setDiffusion(likelihood.diffusion())
        .setReconstruction(likelihood.reconstruction())
        .setNoiseLevels(list(likelihood.noiseLevels()))
        .setSquaredErrors(list(likelihood.squaredErrors()))
        .setEvaluations(likelihood.evaluations())
        .setVerdict(scoreVerdict(verdict))
        .setThreshold(orNull(verdict.threshold()))
        .setLowLikelihoodPValue(orNull(verdict.pValue()))
        .setLocation(location)
        .build();
  }

  private AnomalyAlert alertRecord(ImageScore score) {
    String alertId = AlertIds.of(score.getSource(), score.getImageId(), score.getReleaseId());
    return AnomalyAlert.newBuilder()
        .setAlertId(alertId)
        .setIncidentId(alertId) // each alert is an incident of its own
        .setReasons(List.of(AlertReason.LOW_LIKELIHOOD))
        .setImageId(score.getImageId())
        .setSource(score.getSource())
        .setEventTime(score.getEventTime())
        .setReleaseId(score.getReleaseId())
        .setPrecision(score.getPrecision())
        .setBitsPerDim(score.getBitsPerDim())
        .setStandardError(score.getStandardError())
        .setEvaluations(score.getEvaluations())
        .setAlertRate(model.alertRate())
        .setThreshold(score.getThreshold())
        .setLowLikelihoodPValue(score.getLowLikelihoodPValue())
        .setLocation(score.getLocation())
        .build();
  }

  private ScoreVerdict scoreVerdict(Verdict verdict) {
    if (model.rule().silence().isPresent()) {
      return ScoreVerdict.UNCALIBRATED;
    }
    return verdict.alert() ? ScoreVerdict.ALERT : ScoreVerdict.NORMAL;
  }

  private void forwardAlert(
      Record<byte[], byte[]> image, RecordMetadata location, AnomalyAlert alert) {
    forward(image, ALERTS.encode(alert), ScoringTopology.ALERTS);
    counters.alerted.increment();
    LOG.info(
        "Alert {}: image {} has {} bits/dim, threshold {}",
        alert.getAlertId(),
        name(location),
        alert.getBitsPerDim(),
        alert.getThreshold());
  }

  private void forwardDeadLetter(
      Record<byte[], byte[]> image,
      RecordMetadata location,
      DeadLetterReason reason,
      Exception thrown) {
    context.forward(
        DeadLetter.of(image, location, reason, thrown, maxDeadLetterBytes),
        ScoringTopology.DEAD_LETTERS);
    counters.deadLettered.increment();
    LOG.warn("Image {} became a dead letter: {}", name(location), reason);
  }

  /** Without the image's headers, which could make the result larger than its topic takes. */
  private void forward(Record<byte[], byte[]> image, byte[] value, String sink) {
    context.forward(new Record<>(image.key(), value, image.timestamp()), sink);
  }

  private static String name(RecordMetadata location) {
    return location.topic() + "-" + location.partition() + "-" + location.offset();
  }

  private static String name(ImageLocation location) {
    return location.getTopic() + "-" + location.getPartition() + "-" + location.getOffset();
  }

  private static List<Float> list(float[] values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return List.of(boxed);
  }

  private static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  /** An image fails a check of this room. */
  static final class NotScoredException extends Exception {
    private final DeadLetterReason reason;

    NotScoredException(DeadLetterReason reason, String message) {
      super(message);
      this.reason = reason;
    }
  }
}
