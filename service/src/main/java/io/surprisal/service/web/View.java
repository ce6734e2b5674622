package io.surprisal.service.web;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.options.IncidentSum;
import io.surprisal.service.options.ReviewTrust;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the topics say, as far as a page shows it: the latest of each, and bounded, whatever comes.
 * At full size it takes about 100 MB. Thread-safe: one reader tells it, many pages ask.
 */
final class View {
  private static final int ALERTS = 10_000;
  private static final int SOURCES = 300;
  private static final int SCORES_OF_A_SOURCE = 400;
  private static final int REVIEWS = 50_000;
  private static final int RELEASES = 1_000;
  private static final int TRAINER_EVENTS = 3_000;
  private static final int SOURCE_ALERTS = 500;

  private final String imagesTopic;
  private final InstantSource clock;
  private final Map<Part, Long> versions = new EnumMap<>(Part.class);
  private final SeenAlerts alerts = new SeenAlerts(ALERTS);
  private IncidentSum incidents = new IncidentSum(ALERTS);
  private final Bounded<String, Deque<SeenScore>> scores = new Bounded<>(SOURCES);
  private final Bounded<String, SourceStatus> sources = new Bounded<>(SOURCES);
  private final SeenStatistics statistics = new SeenStatistics(SOURCES);
  private final Bounded<String, AlertReview> reviews = new Bounded<>(REVIEWS);
  private final Bounded<String, ReleaseAnnouncement> releases = new Bounded<>(RELEASES);
  private final Bounded<String, String> releaseIds = new Bounded<>(RELEASES);
  private final Deque<TrainerEvent> trainer = new ArrayDeque<>();
  private final Deque<SourceAlert> sourceAlerts = new ArrayDeque<>();
  private final LatencyWindow latency = new LatencyWindow();
  private final Pulse imagePulse = new Pulse();
  private final Pulse alertPulse = new Pulse();
  private long otherReviews;
  private boolean caughtUp;
  private Optional<String> brokerTrouble = Optional.empty();
  private long changes;

  /**
   * @param imagesTopic whose images the pages show
   */
  View(String imagesTopic, InstantSource clock) {
    this.imagesTopic = imagesTopic;
    this.clock = clock;
    for (Part part : Part.values()) {
      versions.put(part, 0L);
    }
  }

  // --- told by the reader; many together, so that pages are woken once

  /** Runs what tells several things, as one change. */
  synchronized void tell(Runnable several) {
    several.run();
    notifyAll();
  }

  synchronized void alert(AnomalyAlert alert, Place place, long at) {
    alerts.add(alert, place, at);
    if (caughtUp) {
      alertPulse.add(second(), 1);
    }
    changed(Part.ALERTS);
  }

  /** What a partition of the images says of an incident. */
  synchronized void incident(AlertIncident part) {
    incidents.add(part);
    changed(Part.ALERTS);
  }

  /**
   * An image was scored.
   *
   * @param timestamp of the image's record, which its score has too, milliseconds since
   *     1970-01-01T00:00:00Z
   */
  synchronized void score(ImageScore score, long timestamp) {
    Deque<SeenScore> of = scores.get(score.getSource());
    if (of == null) {
      of = new ArrayDeque<>();
    }
    scores.renew(score.getSource(), of);
    if (of.size() == SCORES_OF_A_SOURCE) {
      of.removeFirst();
    }
    String release = releaseIds.computeIfAbsent(score.getReleaseId(), id -> id);
    of.addLast(SeenScore.of(score, release, imagesTopic));
    if (caughtUp) {
      imagePulse.add(second(), 1);
      latency.add(clock.millis(), clock.millis() - timestamp);
    }
    changed(Part.SCORES);
  }

  /** How a source is; null: it has been forgotten. */
  synchronized void source(String name, @Nullable SourceStatus status) {
    if (status == null) {
      sources.remove(name);
    } else {
      sources.renew(name, status);
    }
    changed(Part.SOURCES);
  }

  synchronized void sourceAlert(SourceAlert alert) {
    bounded(sourceAlerts, alert, SOURCE_ALERTS);
    changed(Part.SOURCES);
  }

  synchronized void statistics(SourceStatistics window) {
    if (window.getOthers()) {
      return;
    }
    statistics.add(window);
    changed(Part.SOURCES);
  }

  /** A review that counts, unless it is an earlier one that was sent again. */
  synchronized void review(AlertReview review, ReviewTrust trust) {
    AlertReview before = reviews.get(review.getAlertId());
    reviews.renew(review.getAlertId(), before == null ? review : trust.last(before, review));
    changed(Part.REVIEWS);
  }

  /** A review that counts for nothing: it is not signed by a key that is trusted. */
  synchronized void otherReview() {
    otherReviews++;
    changed(Part.REVIEWS);
  }

  synchronized void release(ReleaseAnnouncement release) {
    releases.renew(release.getReleaseId(), release);
    changed(Part.RELEASES);
  }

  /** The file of a release has been read, so more can be said of it. */
  synchronized void opened() {
    changed(Part.RELEASES);
    notifyAll();
  }

  synchronized void trainer(TrainerEvent event) {
    bounded(trainer, event, TRAINER_EVENTS);
    changed(Part.TRAINER);
  }

  /** Forgets all that the topics said, because they are read anew. */
  synchronized void restart() {
    alerts.clear();
    incidents = new IncidentSum(ALERTS);
    List.of(scores, sources, reviews, releases).forEach(Map::clear);
    statistics.clear();
    trainer.clear();
    sourceAlerts.clear();
    otherReviews = 0;
    caughtUp = false;
    for (Part part : Part.values()) {
      changed(part);
    }
    notifyAll();
  }

  /** That all has been read that lay in the topics at the start. */
  synchronized void caughtUp() {
    alerts.sort();
    caughtUp = true;
    changed(Part.ALERTS);
    notifyAll();
  }

  /**
   * How the broker is.
   *
   * @param trouble what is wrong and what helps; empty: it answers
   */
  synchronized void broker(Optional<String> trouble) {
    if (!trouble.equals(brokerTrouble)) {
      brokerTrouble = trouble;
      changed(Part.BROKER);
      notifyAll();
    }
  }

  private void changed(Part part) {
    versions.merge(part, 1L, Long::sum);
    changes++;
  }

  private long second() {
    return clock.millis() / 1000;
  }

  private static <T> void bounded(Deque<T> all, T one, int most) {
    if (all.size() == most) {
      all.removeFirst();
    }
    all.addLast(one);
  }

  // --- asked by pages

  /**
   * How often each part has changed.
   *
   * @param total of all
   */
  record Versions(long total, Map<Part, Long> parts) {}

  /** Waits for a change after the one that is known, but not for ever. */
  synchronized Versions await(long known, Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (changes == known) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        break;
      }
      wait(left);
    }
    return new Versions(changes, new EnumMap<>(versions));
  }

  synchronized boolean isCaughtUp() {
    return caughtUp;
  }

  /** What is wrong with the broker; empty: it answers. */
  synchronized Optional<String> brokerTrouble() {
    return brokerTrouble;
  }

  /** Images a second, of the last seconds. */
  synchronized double imagesPerSecond() {
    return imagePulse.perSecond(second());
  }

  /** How long the latest scores took to come here; empty: none has come lately. */
  synchronized Optional<LatencyWindow.Measured> latency() {
    return latency.measured(clock.millis());
  }

  /** Alerts a second, of the last seconds. */
  synchronized double alertsPerSecond() {
    return alertPulse.perSecond(second());
  }

  /** An alert with what was said of it. */
  record Reviewed(SeenAlert seen, Optional<AlertReview> review) {}

  /** The latest alerts first, at most so many. */
  synchronized List<Reviewed> alerts(Predicate<Reviewed> wanted, int limit) {
    List<Reviewed> found = new ArrayList<>();
    alerts.forEach(
        alert -> {
          Reviewed reviewed = reviewed(alert);
          if (wanted.test(reviewed)) {
            found.add(reviewed);
          }
          return found.size() < limit;
        });
    return found;
  }

  synchronized int alertCount() {
    return alerts.size();
  }

  synchronized long unreviewed() {
    return alerts.count(alert -> !reviews.containsKey(alert.alert().getAlertId()));
  }

  /** Somebody sees these: they are found for a while, whatever comes. */
  synchronized void lookAt(List<Reviewed> seen) {
    seen.forEach(one -> alerts.lookAt(one.seen()));
  }

  /** Records of reviews that count for nothing. */
  synchronized long otherReviews() {
    return otherReviews;
  }

  synchronized Optional<Reviewed> alert(String alertId) {
    return alerts.find(alertId).map(this::reviewed);
  }

  /** What was told of an incident; empty: nothing, or too long ago. */
  synchronized Optional<IncidentSum.Whole> incident(String incidentId) {
    return incidents.find(incidentId);
  }

  private Reviewed reviewed(SeenAlert alert) {
    return new Reviewed(alert, Optional.ofNullable(reviews.get(alert.alert().getAlertId())));
  }

  /** The names of all sources that anything is known of. */
  synchronized Set<String> sourceNames() {
    Set<String> names = new LinkedHashSet<>(sources.keySet());
    names.addAll(scores.keySet());
    return names;
  }

  synchronized Optional<SourceStatus> source(String name) {
    return Optional.ofNullable(sources.get(name));
  }

  /** The latest scores of a source, the oldest first. */
  synchronized List<SeenScore> scores(String source) {
    List<SeenScore> all =
        new ArrayList<>(Optional.ofNullable(scores.get(source)).orElseGet(ArrayDeque::new));
    all.sort(Comparator.comparingLong(SeenScore::at));
    return all;
  }

  /** The latest score of a source. */
  synchronized Optional<SeenScore> lastScore(String source) {
    return Optional.ofNullable(scores.get(source)).map(Deque::peekLast);
  }

  /** The latest windows of a source, the oldest first. */
  synchronized List<SourceStatistics> statistics(String source) {
    return statistics.of(source);
  }

  /** What happened to a source, the latest first. */
  synchronized List<SourceAlert> sourceAlerts(String source) {
    List<SourceAlert> of = new ArrayList<>();
    sourceAlerts
        .descendingIterator()
        .forEachRemaining(
            alert -> {
              if (alert.getSource().equals(source)) {
                of.add(alert);
              }
            });
    return of;
  }

  /** The last announcement of a release. */
  synchronized Optional<ReleaseAnnouncement> release(String releaseId) {
    return Optional.ofNullable(releases.get(releaseId));
  }

  /** The last announcement of each release, the one announced last first. */
  synchronized List<ReleaseAnnouncement> releases() {
    List<ReleaseAnnouncement> all = new ArrayList<>(releases.values());
    Collections.reverse(all);
    return all;
  }

  /** What trainer and scorers said, the latest first. */
  synchronized List<TrainerEvent> trainerEvents(Predicate<TrainerEvent> wanted, int limit) {
    List<TrainerEvent> found = new ArrayList<>();
    Iterator<TrainerEvent> backwards = trainer.descendingIterator();
    while (backwards.hasNext() && found.size() < limit) {
      TrainerEvent event = backwards.next();
      if (wanted.test(event)) {
        found.add(event);
      }
    }
    return found;
  }
}
