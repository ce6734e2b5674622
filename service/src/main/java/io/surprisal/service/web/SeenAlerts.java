package io.surprisal.service.web;

import io.surprisal.schemas.AnomalyAlert;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The latest alerts, a bounded number of them. Where there are too many, the largest incident gives
 * up its oldest, so that a storm of one source does not push away what others have to say; only
 * where none has more than {@link #FEW} of them, the oldest goes. What somebody has looked at
 * lately is found even then. Not thread-safe.
 */
final class SeenAlerts {
  private static final int FEW = 100;
  private static final int LOOKED_AT = 5_000;

  private final int most;
  private final Map<String, SeenAlert> byId = new HashMap<>();
  private final NavigableMap<Long, SeenAlert> alerts = new TreeMap<>();
  private final Map<String, Deque<SeenAlert>> byIncident = new HashMap<>();

  /** Incidents by how many alerts of them there are. */
  private final NavigableMap<Integer, Set<String>> bySize = new TreeMap<>();

  private final Bounded<String, SeenAlert> lookedAt = new Bounded<>(LOOKED_AT);
  private long next = 1;

  /**
   * @param most so many are kept
   */
  SeenAlerts(int most) {
    this.most = most;
  }

  void add(AnomalyAlert alert, Place place, long at) {
    alert.setMap(null);
    if (alerts.size() == most) {
      remove(oldestThatIsToGo());
    }
    put(new SeenAlert(next++, alert, place, at));
  }

  private SeenAlert oldestThatIsToGo() {
    Map.Entry<Integer, Set<String>> largest = bySize.lastEntry();
    return largest.getKey() > FEW
        ? of(largest.getValue().iterator().next()).getFirst()
        : alerts.firstEntry().getValue();
  }

  private Deque<SeenAlert> of(String incident) {
    return byIncident.computeIfAbsent(incident, id -> new ArrayDeque<>(1));
  }

  private void put(SeenAlert seen) {
    alerts.put(seen.number(), seen);
    byId.put(seen.alert().getAlertId(), seen);
    String incident = seen.alert().getIncidentId();
    Deque<SeenAlert> of = of(incident);
    of.addLast(seen);
    resized(incident, of.size() - 1, of.size());
  }

  private void remove(SeenAlert seen) {
    alerts.remove(seen.number());
    byId.remove(seen.alert().getAlertId(), seen);
    String incident = seen.alert().getIncidentId();
    Deque<SeenAlert> of = of(incident);
    of.removeFirst();
    resized(incident, of.size() + 1, of.size());
    if (of.isEmpty()) {
      byIncident.remove(incident);
    }
  }

  private void resized(String incident, int before, int now) {
    Set<String> same = bySize.get(before);
    if (same != null) {
      same.remove(incident);
      if (same.isEmpty()) {
        bySize.remove(before);
      }
    }
    if (now > 0) {
      bySize.computeIfAbsent(now, size -> new LinkedHashSet<>()).add(incident);
    }
  }

  /**
   * Brings into the order of time what was read partition by partition, and numbers it anew, with
   * numbers that no alert had before.
   */
  void sort() {
    List<SeenAlert> sorted = new ArrayList<>(alerts.values());
    sorted.sort(Comparator.comparingLong(SeenAlert::at));
    forget();
    for (SeenAlert alert : sorted) {
      put(alert.numbered(next++));
    }
  }

  /** Forgets all, but not which numbers there were. */
  void clear() {
    forget();
    lookedAt.clear();
  }

  private void forget() {
    alerts.clear();
    byId.clear();
    byIncident.clear();
    bySize.clear();
  }

  /** The latest alert of an id, of those that are kept or were looked at lately. */
  Optional<SeenAlert> find(String alertId) {
    Optional<SeenAlert> found =
        Optional.ofNullable(byId.get(alertId)).or(() -> Optional.ofNullable(lookedAt.get(alertId)));
    found.ifPresent(this::lookAt);
    return found;
  }

  /** Somebody sees it, and may say something of it. */
  void lookAt(SeenAlert seen) {
    lookedAt.renew(seen.alert().getAlertId(), seen);
  }

  int size() {
    return alerts.size();
  }

  /**
   * Goes through them, the latest first; of an image that was told of twice, the last.
   *
   * @param taker says whether it wants more
   */
  void forEach(Predicate<SeenAlert> taker) {
    for (SeenAlert alert : alerts.descendingMap().values()) {
      if (isLast(alert) && !taker.test(alert)) {
        return;
      }
    }
  }

  private boolean isLast(SeenAlert alert) {
    SeenAlert last = byId.get(alert.alert().getAlertId());
    return last != null && last.number() == alert.number();
  }

  /** How many of those that are kept are as wanted. */
  long count(Predicate<SeenAlert> wanted) {
    return byId.values().stream().filter(wanted).count();
  }
}
