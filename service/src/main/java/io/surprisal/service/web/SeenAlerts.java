package io.surprisal.service.web;

import io.surprisal.schemas.AnomalyAlert;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The latest alerts, a bounded number of them. Not thread-safe. */
final class SeenAlerts {
  private final int most;
  private final Map<String, SeenAlert> byId = new HashMap<>();
  private ArrayDeque<SeenAlert> alerts = new ArrayDeque<>();
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
      SeenAlert oldest = alerts.removeFirst();
      byId.remove(oldest.alert().getAlertId(), oldest);
    }
    SeenAlert seen = new SeenAlert(next++, alert, place, at);
    alerts.addLast(seen);
    byId.put(alert.getAlertId(), seen);
  }

  /**
   * Brings into the order of time what was read partition by partition, and numbers it anew, with
   * numbers that no alert had before.
   */
  void sort() {
    List<SeenAlert> sorted = new ArrayList<>(alerts);
    sorted.sort(Comparator.comparingLong(SeenAlert::at));
    alerts = new ArrayDeque<>(sorted.size());
    byId.clear();
    for (SeenAlert alert : sorted) {
      SeenAlert numbered = alert.numbered(next++);
      alerts.addLast(numbered);
      byId.put(numbered.alert().getAlertId(), numbered);
    }
  }

  /** Forgets all, but not which numbers there were. */
  void clear() {
    alerts.clear();
    byId.clear();
  }

  /** The latest alert of an id, of those that are kept. */
  Optional<SeenAlert> find(String alertId) {
    return Optional.ofNullable(byId.get(alertId));
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
    Iterator<SeenAlert> backwards = alerts.descendingIterator();
    boolean more = true;
    while (more && backwards.hasNext()) {
      SeenAlert alert = backwards.next();
      more = !isLast(alert) || taker.test(alert);
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
