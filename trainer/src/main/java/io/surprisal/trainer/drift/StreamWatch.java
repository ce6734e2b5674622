package io.surprisal.trainer.drift;

import io.surprisal.model.images.Interpretation;
import io.surprisal.model.runtime.Threads;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.Topics;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.cluster.ReviewReader;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import io.surprisal.trainer.reservoir.ReviewOrder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the stream behind the scorers: images into the reservoir once they have a score, alerts as
 * marks on them, and so what people say of alerts; scores into the drift test. Every trainer does
 * so, the one that stands by as well, so that it can take over with a reservoir that is full. Where
 * it has read to lies in the reservoir, the verdicts' offsets together with what the drift test
 * knows, so that a restart loses and repeats none; that of the images is committed to the trainer's
 * group too, for whoever watches its lag.
 *
 * <p>Owns its thread and clients; {@link #close} ends them.
 */
public final class StreamWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StreamWatch.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration REFRESH = Duration.ofSeconds(30);
  private static final Duration SWEEP = Duration.ofMinutes(10);
  private static final Duration SAVE = Duration.ofSeconds(1);

  private final Topics topics;
  private final Reservoir reservoir;
  private final DriftSensitivity sensitivity;
  private final double alertRate;
  private final InstantSource clock;
  private final ScoredImages images;
  private final KafkaConsumer<byte[], byte[]> verdicts;
  private final Function<String, Interpretation> interpretations;
  private final ReviewReader reviews;
  private final ReviewOrder order;
  private final Thread thread = new Thread(this::watch, "trainer-stream");
  private volatile boolean closed;
  private volatile Optional<Throwable> failure = Optional.empty();

  /** Of {@link #release}. */
  private volatile Interpretation interpretation;

  /** Guarded by this object, as are the test and what it has read. */
  private String release;

  private StreamDrift drift;

  /** By topic and partition, the offset of the next verdict. */
  private final Map<String, Map<Integer, Long>> next = new HashMap<>();

  /** Where the scores ended when they were assigned; of the thread that reads. */
  private Map<TopicPartition, Long> scoresThen = Map.of();

  /** Whether verdicts were read that are not in the reservoir's state. */
  private boolean unsaved;

  /**
   * Starts to read.
   *
   * @param alertRate that releases are calibrated for
   * @param interpretations by release, or nothing where there is none: how it understands files
   */
  public StreamWatch(
      ClusterSettings cluster,
      DriftSensitivity sensitivity,
      double alertRate,
      Reservoir reservoir,
      Function<String, Interpretation> interpretations,
      InstantSource clock) {
    this.interpretations = interpretations;
    topics = cluster.topics();
    reviews = new ReviewReader(cluster);
    this.reservoir = reservoir;
    order = new ReviewOrder(reservoir);
    this.sensitivity = sensitivity;
    this.alertRate = alertRate;
    this.clock = clock;
    Optional<WatchState> saved = reservoir.watch().map(WatchState::decode);
    release = saved.map(WatchState::release).orElse("");
    interpretation = interpretations.apply(release);
    drift =
        new StreamDrift(
            sensitivity, alertRate, saved.map(WatchState::drift).orElse(StreamDrift.State.START));
    saved
        .map(WatchState::next)
        .orElse(Map.of())
        .forEach((topic, partitions) -> next.put(topic, new HashMap<>(partitions)));
    images = new ScoredImages(cluster, reservoir, () -> interpretation, clock.instant());
    verdicts =
        cluster.consumer(
            Map.of(
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                ClusterSettings.FROM_THE_BEGINNING,
                ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                false)); // clusters of before have no topic of reviews, and none that forgets them
    thread.start();
  }

  /** The shift of the stream under a release; the first call for it begins to look for one. */
  public synchronized Optional<StreamShift> shift(String releaseId) {
    if (!releaseId.equals(release)) {
      release = releaseId;
      interpretation = interpretations.apply(releaseId);
      drift = new StreamDrift(sensitivity, alertRate, StreamDrift.State.START);
      unsaved = true;
    }
    return drift.shift();
  }

  /** What ended it; empty while it reads. */
  public Optional<Throwable> failure() {
    return failure;
  }

  private void watch() {
    try {
      readUntilClosed();
      save();
    } catch (RuntimeException | Error e) {
      LOG.error("The stream can no longer be read", e);
      failure = Optional.of(e);
    }
  }

  private void readUntilClosed() {
    try {
      Instant refreshed = Instant.MIN;
      Instant swept = clock.instant();
      Instant saved = Instant.MIN;
      boolean begun = false;
      while (!closed) {
        Instant now = clock.instant();
        if (Duration.between(refreshed, now).compareTo(REFRESH) >= 0) {
          assign();
          refreshed = now;
        }
        boolean more = readVerdicts(begun ? Duration.ZERO : POLL);
        begun = begun || hasLooked();
        if (begun) {
          images.read(now, more ? Duration.ZERO : POLL);
        }
        if (Duration.between(saved, now).compareTo(SAVE) >= 0) {
          save();
          saved = now;
        }
        if (Duration.between(swept, now).compareTo(SWEEP) >= 0) {
          reservoir.dropOld(now);
          swept = now;
        }
      }
    } catch (WakeupException e) {
      LOG.debug("Ends", e);
    }
  }

  private synchronized void save() {
    if (unsaved) {
      reservoir.saveWatch(new WatchState(release, drift.state(), next).encode());
      unsaved = false;
    }
  }

  /** Takes all partitions, those too that were added meanwhile. */
  private void assign() {
    images.assign();
    List<TopicPartition> judged = new ArrayList<>(images.partitions(topics.scores()));
    judged.addAll(images.partitions(topics.alerts()));
    verdicts.partitionsFor(topics.reviews()).stream()
        .map(found -> new TopicPartition(topics.reviews(), found.partition()))
        .forEach(judged::add);
    if (!verdicts.assignment().containsAll(judged)) {
      verdicts.assign(judged);
      Map<TopicPartition, Long> from = new HashMap<>();
      for (TopicPartition partition : judged) {
        from.put(
            partition,
            next.getOrDefault(partition.topic(), Map.of()).getOrDefault(partition.partition(), 0L));
      }
      from.forEach((partition, offset) -> verdicts.seek(partition, offset));
      scoresThen = verdicts.endOffsets(images.partitions(topics.scores()));
      readFrom(from);
    }
  }

  /** All at once: with some of them alone, the others would be read from their beginning. */
  private synchronized void readFrom(Map<TopicPartition, Long> offsets) {
    offsets.forEach(
        (partition, offset) -> readUpTo(partition.topic(), partition.partition(), offset));
  }

  private void readUpTo(String topic, int partition, long offset) {
    next.computeIfAbsent(topic, name -> new HashMap<>()).put(partition, offset);
  }

  /**
   * Whether scores have been read, or all that there were when it began: before, an image would be
   * taken as one that nobody scores.
   */
  private boolean hasLooked() {
    return images.isScored()
        || scoresThen.entrySet().stream()
            .allMatch(end -> verdicts.position(end.getKey()) >= end.getValue());
  }

  /** Whether there were any. */
  private boolean readVerdicts(Duration wait) {
    List<TopicPartition> scores =
        verdicts.assignment().stream()
            .filter(partition -> partition.topic().equals(topics.scores()))
            .toList();
    if (images.full()) {
      verdicts.pause(scores);
    } else {
      verdicts.resume(scores);
    }
    ConsumerRecords<byte[], byte[]> records = verdicts.poll(wait);
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        if (record.topic().equals(topics.reviews())) {
          heed(record);
        } else if (record.topic().equals(topics.alerts())) {
          AnomalyAlert alert = ALERTS.decode(record.value());
          reservoir.markAlerted(
              new ReservoirImage.Place(
                  alert.getLocation().getPartition(), alert.getLocation().getOffset()),
              clock.instant());
        } else {
          ImageScore score = SCORES.decode(record.value());
          images.scored(score.getLocation(), clock.instant());
          observe(score, Instant.ofEpochMilli(record.timestamp()));
        }
      } catch (RecordFormatException e) {
        LOG.warn("{}-{} at {} is skipped", record.topic(), record.partition(), record.offset(), e);
      }
      passed(record);
    }
    return !records.isEmpty();
  }

  private void heed(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return; // deleted by hand: what was said holds until something else is said
    }
    AlertReview review = reviews.decode(record);
    ReservoirImage.Place place =
        new ReservoirImage.Place(
            review.getLocation().getPartition(), review.getLocation().getOffset());
    Optional<String> objection =
        reviews.objection(record, review).or(() -> outdated(record, review, place));
    if (objection.isPresent()) {
      LOG.warn(
          "The review in {}-{} at {} is not heeded: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          objection.get());
      return;
    }
    switch (review.getVerdict()) {
      case CONFIRMED ->
          reservoir.markReviewed(
              place, review.getAlertId(), Reservoir.Review.CONFIRMED, clock.instant());
      case FALSE_ALARM ->
          reservoir.markReviewed(
              place, review.getAlertId(), Reservoir.Review.FALSE_ALARM, clock.instant());
      case UNSURE, UNKNOWN -> reservoir.forgetReview(place, review.getAlertId());
    }
  }

  /** Whoever may write to the topic may send a review again that its reviewer has taken back. */
  private Optional<String> outdated(
      ConsumerRecord<byte[], byte[]> record, AlertReview review, ReservoirImage.Place place) {
    OptionalLong number = reviews.number(record);
    return number.isEmpty()
            || order.takes(place, review.getAlertId(), number.getAsLong(), clock.instant())
        ? Optional.empty()
        : Optional.of("a later review of its alert was heard before it");
  }

  private synchronized void passed(ConsumerRecord<byte[], byte[]> record) {
    readUpTo(record.topic(), record.partition(), record.offset() + 1);
    unsaved = true;
  }

  /**
   * In the time of the stream, that of the images' records: images that came before a shift was
   * seen in the scores may well belong to it.
   */
  private synchronized void observe(ImageScore score, Instant when) {
    if (score.getReleaseId().equals(release) && isPValue(score.getLowLikelihoodPValue())) {
      drift.observe(
          score.getSource(),
          score.getBitsPerDim(),
          score.getLowLikelihoodPValue(),
          isPValue(score.getAtypicalPValue())
              ? OptionalDouble.of(score.getAtypicalPValue())
              : OptionalDouble.empty(),
          when);
    }
  }

  private static boolean isPValue(@Nullable Double value) {
    return value != null && value > 0 && value <= 1;
  }

  @Override
  public void close() {
    closed = true;
    images.wakeup();
    verdicts.wakeup(); // a broker that is gone would be waited for
    Threads.joinThen(
        thread,
        () -> {
          images.close();
          verdicts.close();
        });
  }
}
