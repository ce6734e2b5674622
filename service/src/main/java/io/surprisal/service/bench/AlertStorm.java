package io.surprisal.service.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.images.PixelImage;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.PictureBox;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.SurpriseMap;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.topology.records.AlertIds;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Alerts as scorers write them when all of their images alert: of each the image, its score, the
 * alert with map and box, and once a second what became of the incident. Some alerts belong to no
 * storm. Owns the producer. For one thread.
 */
final class AlertStorm implements AutoCloseable {
  /** Sources that storm, each an incident. */
  private static final int SOURCES = 8;

  /** One of so many alerts is an incident of its own. */
  private static final int ALERTS_A_LONE_ONE = 50;

  private static final int PICTURES = 256;
  private static final int SIDE = 32;
  private static final int EVALUATIONS = 8;
  private static final int LINGER_MILLIS = 5;
  private static final double NANOS = 1e9;
  private static final String RELEASE = "5b".repeat(32);
  private static final double BITS_PER_DIM = 9.5;
  private static final double SMALLEST_P = 1.0 / 2001;
  private static final double ALERT_RATE = 0.01;

  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);

  private final Topics topics;
  private final BooleanSupplier stop;
  private final KafkaProducer<byte[], byte[]> producer;
  private final int partitions;
  private final long[] offsets;
  private final List<PixelImage> pictures;
  private final byte[] map = new byte[SIDE * SIDE];
  private final Map<String, AlertIncident> incidents = new HashMap<>();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private long published;
  private long told = System.nanoTime();

  /**
   * Connects.
   *
   * @param topics which are empty, and have as many partitions each
   * @param stop asked again and again
   */
  AlertStorm(String server, Topics topics, BooleanSupplier stop) {
    this.topics = topics;
    this.stop = stop;
    producer =
        KafkaClients.producer(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                server,
                ProducerConfig.LINGER_MS_CONFIG,
                LINGER_MILLIS));
    partitions = producer.partitionsFor(topics.images()).size();
    offsets = new long[partitions];
    SurfaceCamera camera = new SurfaceCamera(7, 1, SIDE);
    pictures =
        LongStream.range(0, PICTURES).mapToObj(index -> camera.frame(index).image()).toList();
    new Random(7).nextBytes(map);
  }

  /**
   * What was published.
   *
   * @param alerts and as many images and scores
   * @param perSecond alerts, over the time that they took
   */
  record Published(long alerts, double seconds, double perSecond) {}

  /**
   * Publishes at a steady rate; where the machine does not keep up, as fast as it can.
   *
   * @param rate alerts a second
   * @param alerts at all
   * @throws StoppedException if it was stopped
   */
  Published publish(double rate, long alerts) throws InterruptedException {
    long start = System.nanoTime();
    for (long sent = 0; sent < alerts; sent++) {
      long ahead = start + (long) (sent / rate * NANOS) - System.nanoTime();
      if (ahead > 0) {
        TimeUnit.NANOSECONDS.sleep(ahead);
      }
      if (stop.getAsBoolean()) {
        throw new StoppedException();
      }
      requireNoFailure();
      one();
      tellIncidents();
    }
    producer.flush();
    requireNoFailure();
    double seconds = (System.nanoTime() - start) / NANOS;
    return new Published(alerts, seconds, alerts / seconds);
  }

  private void requireNoFailure() {
    Exception cause = failure.get();
    if (cause != null) {
      throw new IllegalStateException("an alert could not be published", cause);
    }
  }

  private void one() {
    boolean alone = published % ALERTS_A_LONE_ONE == 0;
    String source = alone ? "gate" : "line-" + (1 + published % SOURCES);
    String imageId = "storm-%08d".formatted(published);
    Instant now = Instant.now();
    int partition = (int) (published % partitions);
    PixelImage picture = pictures.get((int) (published % PICTURES));
    ImageLocation location = new ImageLocation(topics.images(), partition, offsets[partition]++);
    byte[] key = imageId.getBytes(UTF_8);
    send(
        topics.images(),
        partition,
        key,
        IMAGES.encode(
            new ImageEvent(
                imageId,
                source,
                now,
                picture.channels() == 1 ? BodyFormat.GRAY8 : BodyFormat.RGB8,
                picture.width(),
                picture.height(),
                ByteBuffer.wrap(picture.interleaved()))));
    ImageScore score = score(imageId, source, now, location);
    send(topics.scores(), partition, key, SCORES.encode(score));
    String alertId = AlertIds.of(source, imageId, RELEASE);
    AlertIncident incident =
        alone
            ? incident(alertId, score, partition)
            : incidents.merge(
                source + "-" + partition,
                incident(incidentOf(source, alertId), score, partition),
                (known, more) -> grown(known, score));
    send(
        topics.alerts(),
        partition,
        key,
        ALERTS.encode(alert(alertId, incident.getIncidentId(), score)));
    if (alone) {
      send(incident);
    }
    published++;
  }

  /** All partitions of a source have the same incident. */
  private String incidentOf(String source, String alertId) {
    return IntStream.range(0, partitions)
        .mapToObj(partition -> incidents.get(source + "-" + partition))
        .filter(known -> known != null)
        .map(AlertIncident::getIncidentId)
        .findFirst()
        .orElse(alertId);
  }

  private void tellIncidents() {
    if (System.nanoTime() - told > NANOS) {
      told = System.nanoTime();
      incidents.values().forEach(this::send);
    }
  }

  private static ImageScore score(
      String imageId, String source, Instant at, ImageLocation location) {
    return ImageScore.newBuilder()
        .setImageId(imageId)
        .setSource(source)
        .setEventTime(at)
        .setReleaseId(RELEASE)
        .setPrecision("bfloat16")
        .setBitsPerDim(BITS_PER_DIM)
        .setStandardError(0.05)
        .setPrior(0.01)
        .setDiffusion(BITS_PER_DIM - 0.5)
        .setReconstruction(0.49)
        .setNoiseLevels(Collections.nCopies(EVALUATIONS, 0.5f))
        .setSquaredErrors(Collections.nCopies(EVALUATIONS, 900f))
        .setEvaluations(EVALUATIONS)
        .setVerdict(ScoreVerdict.ALERT)
        .setThreshold(4.75)
        .setLowLikelihoodPValue(SMALLEST_P)
        .setAtypicalPValue(SMALLEST_P)
        .setLocation(location)
        .setLocalStatistic(40.0)
        .setLocalPValue(SMALLEST_P)
        .setStrongest(new PictureBox(8, 9, 12, 7, 40.0))
        .setRepairs(List.of())
        .setPValue(SMALLEST_P)
        .build();
  }

  private AnomalyAlert alert(String alertId, String incidentId, ImageScore score) {
    return AnomalyAlert.newBuilder()
        .setAlertId(alertId)
        .setIncidentId(incidentId)
        .setReasons(List.of(AlertReason.LOW_LIKELIHOOD, AlertReason.ATYPICAL, AlertReason.LOCAL))
        .setImageId(score.getImageId())
        .setSource(score.getSource())
        .setEventTime(score.getEventTime())
        .setReleaseId(score.getReleaseId())
        .setPrecision(score.getPrecision())
        .setBitsPerDim(score.getBitsPerDim())
        .setStandardError(score.getStandardError())
        .setEvaluations(score.getEvaluations())
        .setAlertRate(ALERT_RATE)
        .setThreshold(score.getThreshold())
        .setLowLikelihoodPValue(score.getLowLikelihoodPValue())
        .setAtypicalPValue(score.getAtypicalPValue())
        .setLocation(score.getLocation())
        .setLocalStatistic(score.getLocalStatistic())
        .setLocalPValue(score.getLocalPValue())
        .setBoxes(List.of(score.getStrongest()))
        .setMap(
            SurpriseMap.newBuilder()
                .setRows(SIDE)
                .setColumns(SIDE)
                .setScale(40)
                .setValues(ByteBuffer.wrap(map))
                .build())
        .setRepairs(List.of())
        .setPValue(SMALLEST_P)
        .build();
  }

  private static AlertIncident incident(String incidentId, ImageScore score, int partition) {
    IncidentAlert first =
        new IncidentAlert(
            incidentId, score.getImageId(), score.getEventTime(), SMALLEST_P, BITS_PER_DIM);
    return AlertIncident.newBuilder()
        .setIncidentId(incidentId)
        .setSource(score.getSource())
        .setImagesPartition(partition)
        .setState(IncidentState.OPEN)
        .setOpenedAt(score.getEventTime())
        .setLastAlertAt(score.getEventTime())
        .setAlerts(1)
        .setImages(1)
        .setFirst(first)
        .setStrongest(first)
        .setReasons(new ArrayList<>(List.of(AlertReason.LOW_LIKELIHOOD)))
        .setReleaseId(RELEASE)
        .setAlertRate(ALERT_RATE)
        .build();
  }

  private static AlertIncident grown(AlertIncident known, ImageScore score) {
    known.setAlerts(known.getAlerts() + 1);
    known.setImages(known.getImages() + 1);
    known.setLastAlertAt(score.getEventTime());
    return known;
  }

  private void send(AlertIncident incident) {
    String key = incident.getIncidentId() + "-" + incident.getImagesPartition();
    send(
        topics.incidents(),
        incident.getImagesPartition(),
        key.getBytes(UTF_8),
        INCIDENTS.encode(incident));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void send(String topic, int partition, byte[] key, byte[] value) {
    producer.send(
        new ProducerRecord<>(topic, partition, key, value),
        (metadata, cause) -> {
          if (cause != null) {
            failure.compareAndSet(null, cause);
          }
        });
  }

  @Override
  public void close() {
    producer.close();
  }
}
