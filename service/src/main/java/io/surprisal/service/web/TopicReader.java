package io.surprisal.service.web;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.cli.KafkaClients;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the topics and tells the view, on a thread of its own: of the compacted ones all, of the
 * others the latest and what comes. {@link #close} ends it.
 */
final class TopicReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);
  private static final Duration POLL = Duration.ofMillis(250);
  private static final long ALL = Long.MAX_VALUE;

  /**
   * How a topic is read.
   *
   * @param latest of how many records, of all partitions together, it is begun with
   * @param reader takes a record
   */
  private record Reading(long latest, Consumer<ConsumerRecord<byte[], byte[]>> reader) {}

  private final View view;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Reading> readings;
  private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
  private final Thread thread = new Thread(this::read, "surprisal-dashboard-reader");
  private volatile boolean ended;

  /**
   * Connects.
   *
   * @param client properties of Kafka's clients, the broker among them
   */
  TopicReader(Map<String, Object> client, Topics topics, View view) {
    this.view = view;
    Map<String, Object> properties = new HashMap<>(client);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    consumer = KafkaClients.reader(properties);
    readings = readings(topics);
  }

  private Map<String, Reading> readings(Topics topics) {
    Map<String, Reading> all = new LinkedHashMap<>();
    all.put(topics.releases(), of(ALL, ReleaseAnnouncement.class, view::release));
    all.put(topics.reviews(), of(ALL, AlertReview.class, view::review));
    RecordFormat<SourceStatus> sources = RecordFormat.of(SourceStatus.class);
    all.put(
        topics.sources(),
        new Reading(
            ALL,
            record ->
                view.source(
                    record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8),
                    record.value() == null ? null : sources.decode(record.value()))));
    all.put(topics.sourceAlerts(), of(500, SourceAlert.class, view::sourceAlert));
    all.put(topics.trainer(), of(3_000, TrainerEvent.class, view::trainer));
    all.put(topics.statistics(), of(5_000, SourceStatistics.class, view::statistics));
    all.put(topics.incidents(), of(20_000, AlertIncident.class, view::incident));
    RecordFormat<AnomalyAlert> alerts = RecordFormat.of(AnomalyAlert.class);
    all.put(
        topics.alerts(),
        new Reading(
            10_000,
            record ->
                view.alert(
                    alerts.decode(record.value()),
                    new Place(record.partition(), record.offset()),
                    record.timestamp())));
    RecordFormat<ImageScore> scores = RecordFormat.of(ImageScore.class);
    all.put(
        topics.scores(),
        new Reading(
            20_000, record -> view.score(scores.decode(record.value()), record.timestamp())));
    return all;
  }

  private static <T extends SpecificRecord> Reading of(
      long latest, Class<T> type, Consumer<T> teller) {
    RecordFormat<T> format = RecordFormat.of(type);
    return new Reading(
        latest,
        record -> {
          if (record.value() != null) {
            teller.accept(format.decode(record.value()));
          }
        });
  }

  /** Begins to read those of the topics that there are. */
  void start(Set<String> existing) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : readings.keySet()) {
      if (existing.contains(topic)) {
        consumer
            .partitionsFor(topic)
            .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
      } else {
        LOG.warn("there is no topic {}; what it would hold is not shown", topic);
      }
    }
    consumer.assign(partitions);
    Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    Map<TopicPartition, Long> behind = new HashMap<>();
    for (TopicPartition partition : partitions) {
      long begin = begins.getOrDefault(partition, 0L);
      long end = ends.getOrDefault(partition, 0L);
      long siblings =
          partitions.stream().filter(other -> other.topic().equals(partition.topic())).count();
      long latest = reading(partition.topic()).latest();
      consumer.seek(
          partition, latest == ALL ? begin : Math.max(begin, end - (latest / siblings + 1)));
      behind.put(partition, end);
    }
    toCatchUpWith = behind;
    thread.start();
  }

  private Map<TopicPartition, Long> toCatchUpWith = Map.of();

  private Reading reading(String topic) {
    return Optional.ofNullable(readings.get(topic)).orElseThrow();
  }

  private void read() {
    try (consumer) {
      while (!ended) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
        if (!records.isEmpty()) {
          view.tell(() -> records.forEach(this::take));
        }
        if (!toCatchUpWith.isEmpty()
            && toCatchUpWith.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
          toCatchUpWith = Map.of();
          view.caughtUp();
        }
      }
    } catch (WakeupException e) {
      LOG.debug("the reader was told to end", e);
    } catch (RuntimeException e) {
      failure.set(e);
    } catch (OutOfMemoryError e) {
      failure.set(
          new IllegalStateException(
              "the topics bring more than there is memory for; give more by SURPRISAL_HEAP", e));
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      reading(record.topic()).reader().accept(record);
    } catch (RecordFormatException e) {
      LOG.warn(
          "Skipped {}-{} at offset {}", record.topic(), record.partition(), record.offset(), e);
    }
  }

  /** What ended the reading before its time. */
  Optional<RuntimeException> failure() {
    return Optional.ofNullable(failure.get());
  }

  @Override
  public void close() {
    ended = true;
    consumer.wakeup();
    try {
      if (thread.isAlive()) {
        thread.join();
      } else {
        consumer.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
