package io.surprisal.topology.incidents;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which sources have an incident that goes on, for all partitions that one process reads: a
 * source's images may come through any of them, and its alerts are to bear one name nevertheless.
 * An alert joins the open incident of its source, or opens one that is called as the alert is.
 *
 * <p>In memory; what must outlive the process lies with the partitions ({@link Incidents}), whose
 * next owner brings it back. An image whose transaction is aborted is seen twice here, which moves
 * the end of an incident by an image; names and counts do not suffer.
 *
 * <p><b>Bounded:</b> of {@value #MOST} sources at once; further ones have no open incident, each of
 * their alerts is one of its own. Thread-safe; owns nothing native.
 */
public final class OpenIncidents {

  /** Incidents that are open at once. */
  public static final int MOST = 10_000;

  /** A source that has sent nothing for so long has no open incident. */
  static final Duration FORGOTTEN_AFTER = Duration.ofHours(1);

  private final int most;
  private final Map<String, Open> open = new HashMap<>();

  /**
   * One that goes on.
   *
   * @param id of the incident
   * @param evidence for it
   * @param seen milliseconds of the wall clock, when an image of its source was last seen
   * @param partitions that have a part of it here
   */
  record Open(String id, Evidence evidence, long seen, Set<Integer> partitions) {
    Open {
      partitions = Set.copyOf(partitions);
    }

    private Open with(int partition) {
      Set<Integer> more = new HashSet<>(partitions);
      more.add(partition);
      return new Open(id, evidence, seen, more);
    }

    private Open without(int partition) {
      Set<Integer> fewer = new HashSet<>(partitions);
      fewer.remove(partition);
      return new Open(id, evidence, seen, fewer);
    }
  }

  /** None are open. */
  public OpenIncidents() {
    this(MOST);
  }

  OpenIncidents(int most) {
    this.most = most;
  }

  /**
   * An image raised an alert.
   *
   * @param partition that it came through
   * @param rate declared by the release that raised it, in (0, 1)
   * @return the incident that it belongs to; empty: one of its own, since too many are open
   */
  synchronized Optional<Open> alerted(
      String source, int partition, String alertId, double rate, long now) {
    Open before = open.get(source);
    if (before == null && open.size() >= most) {
      return Optional.empty();
    }
    Open after =
        before == null
            ? new Open(alertId, Evidence.first(rate), now, Set.of(partition))
            : new Open(before.id(), before.evidence().alerted(rate), now, before.partitions())
                .with(partition);
    open.put(source, after);
    return Optional.of(after);
  }

  /** An image raised none. */
  synchronized void quiet(String source, long now) {
    open.computeIfPresent(
        source,
        (name, before) -> {
          Evidence left = before.evidence().quiet();
          return left.isSpent() ? null : new Open(before.id(), left, now, before.partitions());
        });
  }

  /** The incident of a source, if that is the one that is called so. */
  synchronized Optional<Open> find(String source, String id) {
    return Optional.ofNullable(open.get(source)).filter(found -> found.id().equals(id));
  }

  /** One that an earlier owner of a partition has left open, unless the source has another. */
  synchronized void resume(String source, int partition, String id, Evidence evidence, long now) {
    Open before = open.get(source);
    if (before == null) {
      open.put(source, new Open(id, evidence, now, Set.of(partition)));
    } else if (before.id().equals(id)) {
      open.put(source, before.with(partition));
    }
  }

  /** A partition goes to another owner, who knows how its incidents go on; others stay here. */
  synchronized void leave(int partition) {
    open.replaceAll((source, one) -> one.without(partition));
    open.values().removeIf(one -> one.partitions().isEmpty());
  }

  /** Ends those of sources that send nothing any more. */
  synchronized void forget(long now) {
    open.values().removeIf(one -> now - one.seen() > FORGOTTEN_AFTER.toMillis());
  }
}
