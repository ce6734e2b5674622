package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes alerts from their topics to a webhook, one after the other, each at least once: how far it
 * has come is committed after the receiver has said that it has the alert. Nothing is kept but the
 * alert that is on its way; what comes meanwhile waits in Kafka.
 */
final class Deliveries {
  private static final Logger LOG = LoggerFactory.getLogger(Deliveries.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<SourceAlert> SOURCES = RecordFormat.of(SourceAlert.class);
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Consumer<byte[], byte[]> consumer;
  private final Topics topics;
  private final Webhook webhook;
  private final Function<ImageLocation, Optional<String>> picture;
  private final Backoff backoff;
  private long delivered;
  private boolean troubled;

  /**
   * How long to wait before the next try: twice as long each time.
   *
   * @param first after the first failure
   * @param longest at most
   */
  record Backoff(Duration first, Duration longest) {
    Duration after(int failures) {
      Duration wait = first.multipliedBy(1L << Math.min(30, failures - 1));
      return wait.compareTo(longest) > 0 ? longest : wait;
    }
  }

  /**
   * A message.
   *
   * @param key the same whenever the same alert is told
   */
  private record Message(String key, Map<String, Object> body) {}

  /**
   * Of a consumer that takes a record a poll.
   *
   * @param consumer stays the caller's
   * @param picture a small one as PNG in Base64; empty: none is wanted, or there is none
   */
  Deliveries(
      Consumer<byte[], byte[]> consumer,
      Topics topics,
      Webhook webhook,
      Function<ImageLocation, Optional<String>> picture,
      Backoff backoff) {
    this.consumer = consumer;
    this.topics = topics;
    this.webhook = webhook;
    this.picture = picture;
    this.backoff = backoff;
  }

  /** Delivers until the end is asked for; how many alerts were. */
  long run(StopSignal stop) throws InterruptedException {
    int failures = 0;
    while (!stop.requested()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (deliver(record)) {
          failures = 0;
          commit(record);
        } else {
          failures++;
          consumer.seek(new TopicPartition(record.topic(), record.partition()), record.offset());
          stop.await(backoff.after(failures));
        }
      }
    }
    return delivered;
  }

  /** Whether the receiver is done with it. */
  private boolean deliver(ConsumerRecord<byte[], byte[]> record) throws InterruptedException {
    Optional<Message> message = message(record);
    if (message.isEmpty()) {
      return true;
    }
    Webhook.Outcome outcome =
        webhook.post(message.get().key(), Json.line(message.get().body()).getBytes(UTF_8));
    if (outcome instanceof Webhook.Later later) {
      if (!troubled) {
        LOG.warn("the receiver does not take alerts now ({}); trying on", later.why());
        troubled = true;
      }
      return false;
    }
    if (troubled) {
      LOG.info("the receiver takes alerts again");
      troubled = false;
    }
    if (outcome instanceof Webhook.Refused refused) {
      LOG.warn("the receiver refuses alert {} for good: {}", message.get().key(), refused.why());
    } else {
      delivered++;
    }
    return true;
  }

  private Optional<Message> message(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      if (record.topic().equals(topics.incidents())) {
        return of(INCIDENTS.decode(record.value()));
      }
      return Optional.of(
          record.topic().equals(topics.sourceAlerts())
              ? of(SOURCES.decode(record.value()))
              : of(ALERTS.decode(record.value())));
    } catch (RecordFormatException e) {
      LOG.warn(
          "Skipped {}-{} at offset {}", record.topic(), record.partition(), record.offset(), e);
      return Optional.empty();
    }
  }

  private static Message of(SourceAlert alert) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("type", "source-alert");
    body.put("alert", AvroFields.of(alert));
    return new Message(alert.getAlertId(), body);
  }

  /**
   * Of an incident that begins, and of one of several alerts that is over; not of its growth, and
   * once where it comes through several partitions.
   */
  private static Optional<Message> of(AlertIncident incident) {
    boolean begins = incident.getState() == IncidentState.OPEN && incident.getAlerts() == 1;
    boolean ends = incident.getState() == IncidentState.CLOSED && incident.getAlerts() > 1;
    boolean itsFirstPart = incident.getFirst().getAlertId().equals(incident.getIncidentId());
    if (!itsFirstPart || !(begins || ends)) {
      return Optional.empty();
    }
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("type", "incident");
    body.put("incident", AvroFields.of(incident));
    return Optional.of(new Message(incident.getIncidentId() + "-" + incident.getState(), body));
  }

  private Message of(AnomalyAlert alert) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("type", "alert");
    body.put("alert", AvroFields.of(alert));
    picture.apply(alert.getLocation()).ifPresent(png -> body.put("picturePng", png));
    return new Message(alert.getAlertId(), body);
  }

  private void commit(ConsumerRecord<byte[], byte[]> record) {
    try {
      consumer.commitSync(
          Map.of(
              new TopicPartition(record.topic(), record.partition()),
              new OffsetAndMetadata(record.offset() + 1)));
    } catch (CommitFailedException | RebalanceInProgressException e) {
      LOG.debug("another member goes on from before, so the receiver gets it twice", e);
    }
  }
}
