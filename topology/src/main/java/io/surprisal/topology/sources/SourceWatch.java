package io.surprisal.topology.sources;

import static io.surprisal.schemas.NullableFields.orNull;

import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceIncident;
import io.surprisal.schemas.SourceStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches all sources at one place, whatever partitions their images come through. All that it
 * knows is in logged stores, in the transaction of the alerts that it gives rise to: whoever goes
 * on after it knows which incidents are open.
 *
 * <p><b>Silence is of the time that somebody watched</b> ({@link WatchClock}), not of what records
 * say of their time: neither replays and back-fills nor clocks that are wrong raise it, nor does
 * the time while no scorer runs. Nobody is called silent while images wait unread ({@link
 * Backlog}).
 *
 * <p><b>Memory is bounded:</b> of {@value #MOST_SOURCES} sources; further ones are not watched
 * until others are forgotten.
 *
 * <p>For one thread; owns nothing native.
 */
public final class SourceWatch {

  /** Sources that are watched. */
  public static final int MOST_SOURCES = 10_000;

  /** How often {@link #tick} is to be called. */
  public static final Duration TICK = Duration.ofMillis(WatchClock.TICK_MILLIS);

  private static final Logger LOG = LoggerFactory.getLogger(SourceWatch.class);

  /** The one key of the clock's store. */
  private static final int CLOCK = 0;

  private final WatchRules rules;
  private final int most;
  private final KeyValueStore<String, Source> store;
  private final KeyValueStore<Integer, WatchClock> clocks;
  private final Map<String, Source> sources = new HashMap<>();
  private final Set<String> untold = new LinkedHashSet<>();
  private final Backlog backlog = new Backlog();
  private WatchClock clock;
  private boolean full;

  /**
   * Goes on with what the stores have.
   *
   * @param now milliseconds of the wall clock
   */
  public SourceWatch(
      WatchRules rules,
      KeyValueStore<String, Source> store,
      KeyValueStore<Integer, WatchClock> clocks,
      long now) {
    this(rules, MOST_SOURCES, store, clocks, now);
  }

  SourceWatch(
      WatchRules rules,
      int most,
      KeyValueStore<String, Source> store,
      KeyValueStore<Integer, WatchClock> clocks,
      long now) {
    this.rules = rules;
    this.most = most;
    this.store = store;
    this.clocks = clocks;
    clock =
        Optional.ofNullable(clocks.get(CLOCK))
            .map(before -> before.resumed(now))
            .orElse(WatchClock.starting(now));
    try (KeyValueIterator<String, Source> all = store.all()) {
      while (all.hasNext()) {
        KeyValue<String, Source> entry = all.next();
        sources.put(entry.key, entry.value);
      }
    }
    untold.addAll(sources.keySet()); // whether the one before has told, nobody knows
  }

  /** Of the store of sources. */
  public static Serde<Source> sourceSerde() {
    return Source.serde();
  }

  /** Of the store of the clock. */
  public static Serde<WatchClock> clockSerde() {
    return WatchClock.serde();
  }

  /**
   * An image has come.
   *
   * @param now milliseconds of the wall clock
   * @return what begins or ends with it
   */
  public List<SourceAlert> seen(String name, Observation image, long now) {
    Moment moment = new Moment(clock.at(now), image.processed());
    Source before = sources.get(name);
    if (before == null && sources.size() >= most) {
      sayFull();
      return List.of();
    }
    Source.Step step =
        before == null
            ? new Source.Step(Source.first(image, rules, moment), List.of())
            : before.seen(image, rules, moment);
    backlog.seen(
        image.partition(),
        step.source().punctuality().standing() == Punctuality.Standing.LATE,
        moment.watched());
    put(name, step.source());
    return alerts(name, step.changes());
  }

  private void sayFull() {
    if (!full) {
      LOG.warn(
          "There are more than {} sources: further ones raise no alerts as sources, until others are forgotten",
          most);
      full = true;
    }
  }

  private void put(String name, Source source) {
    sources.put(name, source);
    store.put(name, source);
    untold.add(name);
  }

  /**
   * Time passes; to be called every {@link #TICK}.
   *
   * @param now milliseconds of the wall clock
   * @return what begins or ends
   */
  public List<SourceAlert> tick(long now) {
    clock = clock.tick(now);
    clocks.put(CLOCK, clock);
    Moment moment = new Moment(clock.watched(), now);
    List<SourceAlert> alerts = new ArrayList<>();
    boolean behind = backlog.behind(moment.watched());
    for (Map.Entry<String, Source> entry : List.copyOf(sources.entrySet())) {
      String name = entry.getKey();
      Source source = entry.getValue();
      if (source.isOver(moment)) {
        sources.remove(name);
        store.delete(name);
        untold.add(name);
        full = false;
        alerts.addAll(alerts(name, source.forgotten(moment)));
      } else if (!behind) {
        Source.Step step = source.waited(rules, moment);
        if (!step.changes().isEmpty()) {
          put(name, step.source());
          alerts.addAll(alerts(name, step.changes()));
        }
      }
    }
    return alerts;
  }

  /**
   * How the sources are that have changed since this was called last.
   *
   * @param now milliseconds of the wall clock
   * @return by name; empty of one that has been forgotten
   */
  public Map<String, Optional<SourceStatus>> tell(long now) {
    Map<String, Optional<SourceStatus>> changed = new LinkedHashMap<>();
    for (String name : untold) {
      changed.put(name, Optional.ofNullable(sources.get(name)).map(it -> status(name, it, now)));
    }
    untold.clear();
    return changed;
  }

  private List<SourceAlert> alerts(String name, List<SourceChange> changes) {
    return changes.stream().map(change -> alert(name, change)).toList();
  }

  private static SourceAlert alert(String name, SourceChange change) {
    Incident incident = change.incident();
    return SourceAlert.newBuilder()
        .setAlertId(incident.alertId(name, change.state()))
        .setIncidentId(incident.id(name))
        .setSource(name)
        .setKind(incident.kind())
        .setAspect(incident.aspect())
        .setState(change.state())
        .setSince(Instant.ofEpochMilli(incident.since()))
        .setAt(Instant.ofEpochMilli(change.at()))
        .setValue(incident.value())
        .setHabit(orNull(incident.habit()))
        .setThreshold(incident.threshold())
        .setCount(incident.count())
        .build();
  }

  private SourceStatus status(String name, Source source, long now) {
    Tally tally = source.tally();
    OptionalDouble silentAfter = source.silentAfter(rules, clock.at(now));
    return SourceStatus.newBuilder()
        .setSource(name)
        .setAt(Instant.ofEpochMilli(now))
        .setFirstSeen(Instant.ofEpochMilli(source.firstSeen()))
        .setLastSeen(Instant.ofEpochMilli(source.lastSeen().wall()))
        .setImages(source.images())
        .setImagesPerSecond(tally.perSecond())
        .setAlertShare(tally.share(tally.alerts()))
        .setRepairedShare(tally.share(tally.repaired()))
        .setDeadLetterShare(tally.share(tally.deadLetters()))
        .setSilentAfterSeconds(
            silentAfter.isPresent() ? Double.valueOf(silentAfter.getAsDouble() / 1000) : null)
        .setFrozenAfterImages(orNull(source.frozenAfter(rules)))
        .setIncidents(
            source.open().stream()
                .map(
                    incident ->
                        new SourceIncident(
                            incident.id(name),
                            incident.kind(),
                            incident.aspect(),
                            Instant.ofEpochMilli(incident.since())))
                .toList())
        .build();
  }
}
