package io.surprisal.topology.incidents;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The incidents of the alerts of one partition: which one each alert belongs to, and what is told
 * of them. The open ones lie in a logged store, in the transaction of the alerts and of what is
 * told, so that whoever goes on after a crash counts none of them twice, and none is left out.
 *
 * <p>A record is told when an incident opens here, at 2, 4, 8 … alerts, once a minute while there
 * are new ones, and when it is over. For one thread.
 */
public final class Incidents {

  private final OpenIncidents open;
  private final int partition;
  private final KeyValueStore<String, IncidentPart> store;
  private final Consumer<AlertIncident> teller;
  private final Map<String, IncidentPart> parts = new HashMap<>();

  /**
   * Goes on with what the store has.
   *
   * @param open of all partitions that this process reads
   * @param teller takes what is told, in the transaction of the image
   * @param now milliseconds of the wall clock
   */
  public Incidents(
      OpenIncidents open,
      int partition,
      KeyValueStore<String, IncidentPart> store,
      Consumer<AlertIncident> teller,
      long now) {
    this.open = open;
    this.partition = partition;
    this.store = store;
    this.teller = teller;
    try (KeyValueIterator<String, IncidentPart> all = store.all()) {
      while (all.hasNext()) {
        KeyValue<String, IncidentPart> entry = all.next();
        parts.put(entry.key, entry.value);
        open.resume(entry.key, partition, entry.value.id(), entry.value.evidence(), now);
      }
    }
  }

  /** Of the store, by source. */
  public static Serde<IncidentPart> serde() {
    return IncidentPart.serde();
  }

  /** Key of a record: an incident's id and the partition that it counts. */
  public static byte[] key(AlertIncident incident) {
    return (incident.getIncidentId() + "-" + incident.getImagesPartition())
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Whether none is open here. */
  public boolean isEmpty() {
    return parts.isEmpty();
  }

  /**
   * An image raised an alert.
   *
   * @param now milliseconds of the wall clock
   * @return id of the incident that it belongs to
   */
  public String alerted(AnomalyAlert alert, long now) {
    String source = alert.getSource();
    Optional<OpenIncidents.Open> joined =
        open.alerted(source, partition, alert.getAlertId(), alert.getAlertRate(), now);
    if (joined.isEmpty()) {
      Evidence none = Evidence.first(alert.getAlertRate());
      teller.accept(
          IncidentPart.opened(alert.getAlertId(), alert, partition, none)
              .closed(alert.getEventTime()));
      return alert.getAlertId();
    }
    String id = joined.get().id();
    Evidence evidence = joined.get().evidence();
    IncidentPart before = parts.get(source);
    if (before != null && !before.id().equals(id)) {
      close(source, before, alert.getEventTime());
      before = null;
    }
    put(
        source,
        before == null
            ? IncidentPart.opened(id, alert, partition, evidence)
            : before.alerted(alert, evidence),
        now);
    return id;
  }

  /**
   * An image raised none.
   *
   * @param at when it was taken
   * @param now milliseconds of the wall clock
   */
  public void quiet(String source, Instant at, long now) {
    open.quiet(source, now);
    IncidentPart before = parts.get(source);
    if (before == null) {
      return;
    }
    Optional<OpenIncidents.Open> still = open.find(source, before.id());
    if (still.isPresent()) {
      put(source, before.quiet(still.get().evidence()), now);
    } else {
      close(source, before.quiet(before.evidence()), at);
    }
  }

  /** Time passes; to be called every few seconds while this is not {@link #isEmpty}. */
  public void tick(long now) {
    open.forget(now);
    for (Map.Entry<String, IncidentPart> entry : List.copyOf(parts.entrySet())) {
      IncidentPart part = entry.getValue();
      if (open.find(entry.getKey(), part.id()).isEmpty()) {
        close(entry.getKey(), part, part.incident().getLastAlertAt());
      } else if (part.isDue(now)) {
        put(entry.getKey(), part, now);
      }
    }
  }

  /** The partition goes to another owner; what is open here stays in the store. */
  public void leave() {
    open.leave(partition);
  }

  private void put(String source, IncidentPart part, long now) {
    IncidentPart kept = part;
    if (part.isDue(now)) {
      teller.accept(part.incident());
      kept = part.told(now);
    }
    parts.put(source, kept);
    store.put(source, kept);
  }

  private void close(String source, IncidentPart part, Instant at) {
    teller.accept(part.closed(at));
    parts.remove(source);
    store.delete(source);
  }
}
