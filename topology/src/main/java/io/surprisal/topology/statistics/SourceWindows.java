package io.surprisal.topology.statistics;

import static io.surprisal.schemas.NullableFields.orNull;

import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.SourceStatistics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The statistics of one partition's images by source, release and window of event time. What is
 * counted goes into a logged store in the transaction that the score is in, and so does what of it
 * was told: whoever gets the partition next counts on, and tells what was not told.
 *
 * <p><b>Every image is counted once.</b> Event times are what senders say. One in the future counts
 * now; one that is older than the {@value #OPEN_WINDOWS} newest windows counts in the oldest of
 * them. So no clock that is wrong can close the windows of others, or fill the memory with its own;
 * nor can a scorer's own that was ahead, once it is right.
 *
 * <p><b>Memory is bounded</b> whatever sources are called: of each window {@value #MOST_SOURCES}
 * are kept apart, those that came first, and all others are counted together. A window leaves once
 * it is told and old.
 *
 * <p>For one thread; owns nothing native.
 */
public final class SourceWindows {

  /** Late images change a window as long as it is one of so many. */
  public static final int OPEN_WINDOWS = 10;

  /** Sources, by release, that a window keeps apart. */
  public static final int MOST_SOURCES = 1000;

  /** Windows of which some are to be told, so that old ones leave; see {@link #full}. */
  private static final int MOST_WINDOWS = 2 * OPEN_WINDOWS * MOST_SOURCES;

  private final long lengthMillis;
  private final int partition;
  private final KeyValueStore<WindowKey, SourceWindow> store;
  private final Map<WindowKey, SourceWindow> windows = new HashMap<>();

  /** By start of a window, how many are kept apart. */
  private final Map<Long, Integer> apart = new HashMap<>();

  private final Set<WindowKey> untold = new LinkedHashSet<>();

  /** Start of the newest window. */
  private long newest;

  /**
   * Goes on with what the store has.
   *
   * @param length of a window, at least a millisecond
   * @param partition of the images
   */
  public SourceWindows(
      Duration length, int partition, KeyValueStore<WindowKey, SourceWindow> store) {
    lengthMillis = length.toMillis();
    this.partition = partition;
    this.store = store;
    try (KeyValueIterator<WindowKey, SourceWindow> all = store.all()) {
      while (all.hasNext()) {
        KeyValue<WindowKey, SourceWindow> entry = all.next();
        remember(entry.key, entry.value);
        newest = Math.max(newest, entry.key.start());
      }
    }
  }

  private void remember(WindowKey key, SourceWindow window) {
    if (windows.put(key, window) == null && !key.others()) {
      apart.merge(key.start(), 1, Integer::sum);
    }
    if (!window.told()) {
      untold.add(key);
    }
  }

  private void put(WindowKey key, SourceWindow window) {
    remember(key, window);
    store.put(key, window);
  }

  /**
   * Counts an image.
   *
   * @param calibratedMean of the release that scored it, bits/dim
   * @param now milliseconds of the wall clock
   * @return the window that it counts in
   */
  public WindowKey count(ImageScore score, OptionalDouble calibratedMean, long now) {
    long time = Math.max(0, Math.min(score.getEventTime().toEpochMilli(), now));
    long start = time - time % lengthMillis;
    // Where another member's clock was ahead, or this one's, the store has windows yet to come.
    newest = Math.min(Math.max(newest, start), Math.max(0, now - now % lengthMillis));
    WindowKey own =
        new WindowKey(
            Math.max(start, oldest()),
            lengthMillis,
            score.getReleaseId(),
            false,
            score.getSource());
    boolean room = apart.getOrDefault(own.start(), 0) < MOST_SOURCES;
    WindowKey key = room || windows.containsKey(own) ? own : own.ofOthers();
    SourceWindow before =
        Optional.ofNullable(windows.get(key)).orElseGet(() -> SourceWindow.empty(calibratedMean));
    put(key, before.with(score));
    return key;
  }

  /**
   * Changes the comparison with a candidate.
   *
   * @param key the window that the image counts in; nothing happens once that is gone
   */
  void compare(WindowKey key, String candidate, UnaryOperator<Comparison> change) {
    SourceWindow window = windows.get(key);
    if (window != null) {
      put(key, window.with(change.apply(window.comparisonWith(candidate))));
    }
  }

  /** Start of the oldest window that still changes; below 0 at the beginning of all time. */
  private long oldest() {
    return newest - (OPEN_WINDOWS - 1) * lengthMillis;
  }

  /** Whether there is something to tell. */
  public boolean isUntold() {
    return !untold.isEmpty();
  }

  /** Whether {@link #tell} is to be called before more is counted. */
  public boolean full() {
    return windows.size() >= MOST_WINDOWS;
  }

  /** What has changed since this was called last; old windows leave. */
  public List<SourceStatistics> tell() {
    List<SourceStatistics> changed = new ArrayList<>();
    for (WindowKey key : untold) {
      SourceWindow window = Objects.requireNonNull(windows.get(key)).withTold();
      changed.add(statistics(key, window));
      windows.put(key, window);
      store.put(key, window);
    }
    untold.clear();
    for (WindowKey key : List.copyOf(windows.keySet())) {
      if (key.start() < oldest()) {
        windows.remove(key);
        apart.remove(key.start());
        store.delete(key);
      }
    }
    return changed;
  }

  private SourceStatistics statistics(WindowKey key, SourceWindow window) {
    Moments scores = window.scores();
    SourceStatistics.Builder statistics = SourceStatistics.newBuilder();
    window.comparison().ifPresent(with -> fill(statistics, with));
    return statistics
        .setSource(key.source())
        .setOthers(key.others())
        .setWindowStart(key.from())
        .setWindowEnd(key.to())
        .setReleaseId(key.releaseId())
        .setImagesPartition(partition)
        .setImages(scores.count())
        .setAlerts(window.alerts())
        .setRepaired(window.repaired())
        .setAlertRate((double) window.alerts() / scores.count())
        .setMeanBitsPerDim(scores.mean())
        .setStandardDeviation(orNull(scores.standardDeviation()))
        .setDriftStatistic(orNull(window.drift()))
        .build();
  }

  private static void fill(SourceStatistics.Builder statistics, Comparison with) {
    boolean any = with.served().count() > 0;
    double served = with.served().mean();
    statistics
        .setCandidateReleaseId(with.candidate())
        .setCompared(with.served().count())
        .setNotCompared(with.missed())
        .setComparedMeanBitsPerDim(any ? served : null)
        .setCandidateMeanBitsPerDim(any ? served + with.difference().mean() : null)
        .setDifferenceStandardError(orNull(with.difference().standardError()))
        .setComparedAlerts(with.servedAlerts())
        .setCandidateAlerts(with.candidateAlerts())
        .setCommonAlerts(with.commonAlerts());
  }
}
