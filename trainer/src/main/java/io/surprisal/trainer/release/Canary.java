package io.surprisal.trainer.release;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A candidate that is tried on live traffic: reads what scorers say of it since it was announced,
 * and decides. All state is in the topics, so that a trainer that takes over begins anew and comes
 * to the same verdict. Owns its consumer; {@link #close} ends it. Not thread-safe.
 */
final class Canary implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Canary.class);
  private static final RecordFormat<SourceStatistics> STATISTICS =
      RecordFormat.of(SourceStatistics.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);

  /** Scorers' clocks may be behind the trainer's. */
  private static final Duration CLOCKS_APART = Duration.ofMinutes(5);

  private final ReleaseAnnouncement candidate;
  private final String active;
  private final long images;
  private final Duration patience;
  private final double tolerance;
  private final ToDoubleFunction<Map<String, Long>> thresholdVariance;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String trainerTopic;
  private final PairedScores scores = new PairedScores();
  private Optional<String> refusedBy = Optional.empty();

  /**
   * What became of it.
   *
   * @param passed whether the candidate is to serve
   * @param message figures, and why not
   */
  record Verdict(boolean passed, String message) {}

  /**
   * Begins to read.
   *
   * @param candidate as it was announced
   * @param active id of the release that serves
   * @param images to decide on
   * @param patience a candidate that has not scored so many by then is refused
   * @param tolerance rise in bits/dim that passes
   * @param thresholdVariance see {@link PairedScores#worse}, of how many images of each source are
   *     compared
   */
  Canary(
      ClusterSettings cluster,
      ReleaseAnnouncement candidate,
      String active,
      long images,
      Duration patience,
      double tolerance,
      ToDoubleFunction<Map<String, Long>> thresholdVariance) {
    this.candidate = candidate;
    this.active = active;
    this.images = images;
    this.patience = patience;
    this.tolerance = tolerance;
    this.thresholdVariance = thresholdVariance;
    trainerTopic = cluster.topics().trainer();
    consumer = cluster.consumer();
    try {
      seek(List.of(cluster.topics().statistics(), trainerTopic));
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  /** To what was said since the candidate was announced. */
  private void seek(List<String> topics) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      for (PartitionInfo partition : consumer.partitionsFor(topic)) {
        partitions.add(new TopicPartition(topic, partition.partition()));
      }
    }
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    Instant announced = candidate.getAnnouncedAt();
    // Brokers know no times before 1970, whatever an announcement says.
    long since =
        announced.isBefore(Instant.EPOCH.plus(CLOCKS_APART))
            ? 0
            : announced.minus(CLOCKS_APART).toEpochMilli();
    Map<TopicPartition, Long> times = new HashMap<>();
    partitions.forEach(partition -> times.put(partition, since));
    consumer
        .offsetsForTimes(times)
        .forEach(
            (partition, offset) -> {
              if (offset != null) {
                consumer.seek(partition, offset.offset());
              } else {
                consumer.position(partition); // the end of now, not of the first poll
              }
            });
  }

  /** Whether this tries a release beside another, as it was announced. */
  boolean isOf(ReleaseAnnouncement announcement, String serving) {
    return candidate.equals(announcement) && active.equals(serving);
  }

  /** Reads on; the verdict, once there is one. To be called often. */
  Optional<Verdict> verdict(Instant now) {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ZERO)) {
      try {
        if (record.topic().equals(trainerTopic)) {
          read(EVENTS.decode(record.value()));
        } else {
          read(STATISTICS.decode(record.value()));
        }
      } catch (RecordFormatException e) {
        LOG.warn("{}-{} at {} is skipped", record.topic(), record.partition(), record.offset(), e);
      }
    }
    if (refusedBy.isPresent()) {
      return Optional.of(new Verdict(false, refusedBy.get()));
    }
    if (scores.images() >= images) {
      Optional<String> worse =
          scores.worse(tolerance, thresholdVariance.applyAsDouble(scores.bySource()));
      return Optional.of(
          new Verdict(worse.isEmpty(), worse.map(why -> why + "; ").orElse("") + scores.summary()));
    }
    if (Duration.between(candidate.getAnnouncedAt(), now).compareTo(patience) > 0) {
      return Optional.of(
          new Verdict(
              false,
              "after %s it is not decided, for which %d images are needed; %s"
                  .formatted(patience, images, scores.summary())));
    }
    return Optional.empty();
  }

  private void read(SourceStatistics told) {
    if (candidate.getReleaseId().equals(told.getCandidateReleaseId())
        && active.equals(told.getReleaseId())
        && PairedScores.isSound(told)) {
      scores.add(told);
    }
  }

  private void read(TrainerEvent event) {
    if (event.getType() == TrainerEventType.RELEASE_REFUSED
        && candidate.getReleaseId().equals(event.getReleaseId())
        && !event.getEventTime().isBefore(candidate.getAnnouncedAt().minus(CLOCKS_APART))) {
      refusedBy =
          Optional.of("scorer %s refuses it: %s".formatted(event.getMember(), event.getMessage()));
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
