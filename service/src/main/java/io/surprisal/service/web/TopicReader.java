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
import io.surprisal.service.options.ReviewTrust;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
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
  private final AtomicReference<@Nullable TopicLayout> heard = new AtomicReference<>();
  private volatile boolean ended;

  // Of the thread that starts it, and then of its own.
  private TopicLayout known = new TopicLayout(Map.of());
  private Map<TopicPartition, Long> toCatchUpWith = Map.of();

  /**
   * Connects.
   *
   * @param client properties of Kafka's clients, the broker among them
   * @param trust whose reviews count
   */
  TopicReader(Map<String, Object> client, Topics topics, ReviewTrust trust, View view) {
    this.view = view;
    Map<String, Object> properties = new HashMap<>(client);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    consumer = KafkaClients.reader(properties);
    readings = readings(topics, trust);
  }

  private Map<String, Reading> readings(Topics topics, ReviewTrust trust) {
    Map<String, Reading> all = new LinkedHashMap<>();
    all.put(topics.releases(), of(ALL, ReleaseAnnouncement.class, view::release));
    all.put(
        topics.reviews(),
        reading(ALL, AlertReview.class, (review, record) -> review(review, record, trust)));
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
    all.put(
        topics.alerts(),
        reading(
            10_000,
            AnomalyAlert.class,
            (alert, record) ->
                view.alert(
                    alert, new Place(record.partition(), record.offset()), record.timestamp())));
    all.put(
        topics.scores(),
        reading(
            20_000, ImageScore.class, (score, record) -> view.score(score, record.timestamp())));
    return all;
  }

  private void review(
      AlertReview review, ConsumerRecord<byte[], byte[]> record, ReviewTrust trust) {
    if (!trust.counts(record)) {
      view.otherReview();
    } else {
      view.review(review, trust);
    }
  }

  private static <T extends SpecificRecord> Reading of(
      long latest, Class<T> type, Consumer<T> teller) {
    return reading(latest, type, (value, record) -> teller.accept(value));
  }

  private static <T extends SpecificRecord> Reading reading(
      long latest, Class<T> type, BiConsumer<T, ConsumerRecord<byte[], byte[]>> teller) {
    RecordFormat<T> format = RecordFormat.of(type);
    return new Reading(
        latest,
        record -> {
          if (record.value() != null) {
            teller.accept(format.decode(record.value()), record);
          }
        });
  }

  /** The topics that are read. */
  Set<String> names() {
    return readings.keySet();
  }

  /** Begins to read those of the topics that there are. */
  void start(TopicLayout layout) {
    for (String topic : names()) {
      if (!layout.topics().containsKey(topic)) {
        LOG.warn("there is no topic {}; what it would hold is not shown", topic);
      }
    }
    begin(layout);
    thread.start();
  }

  /**
   * Tells which topics there are now. Partitions and topics that are new are read, too; where a
   * topic has been made anew, all is read anew, as by a page that is started then.
   */
  void hear(TopicLayout layout) {
    heard.set(layout);
  }

  private void begin(TopicLayout layout) {
    List<TopicPartition> partitions = layout.partitions();
    consumer.assign(partitions);
    toCatchUpWith = seek(partitions);
    known = layout;
  }

  private void takeUp(TopicLayout layout) {
    if (layout.replaces(known)) {
      LOG.info("a topic was deleted and made anew; all are read anew");
      view.restart();
      begin(layout);
      return;
    }
    List<TopicPartition> added = new ArrayList<>(layout.partitions());
    added.removeAll(consumer.assignment());
    if (!added.isEmpty()) {
      LOG.info("reads {} too, which are new", added);
      Set<TopicPartition> all = new HashSet<>(consumer.assignment());
      all.addAll(added);
      consumer.assign(all);
      seek(added);
    }
    known = layout.with(known);
  }

  /**
   * Goes to where the reading of partitions begins.
   *
   * @return where each ends now
   */
  private Map<TopicPartition, Long> seek(List<TopicPartition> partitions) {
    Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    for (TopicPartition partition : partitions) {
      long begin = begins.getOrDefault(partition, 0L);
      long end = ends.getOrDefault(partition, 0L);
      long siblings =
          partitions.stream().filter(other -> other.topic().equals(partition.topic())).count();
      long latest = reading(partition.topic()).latest();
      consumer.seek(
          partition, latest == ALL ? begin : Math.max(begin, end - (latest / siblings + 1)));
    }
    return ends;
  }

  private Reading reading(String topic) {
    return Optional.ofNullable(readings.get(topic)).orElseThrow();
  }

  private void read() {
    try (consumer) {
      while (!ended) {
        takeUpWhatWasHeard();
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

  private void takeUpWhatWasHeard() {
    TopicLayout layout = heard.getAndSet(null);
    if (layout == null || layout.equals(known)) {
      return;
    }
    try {
      takeUp(layout);
    } catch (RetriableException e) {
      LOG.debug("the topics cannot be taken up now; they are told again", e);
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
