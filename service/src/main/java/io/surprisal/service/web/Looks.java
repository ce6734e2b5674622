package io.surprisal.service.web;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.schemas.SurpriseMap;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.AvroFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What pages show, as maps for JSON; records keep their own field names. Thread-safe. */
final class Looks {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final int MOST_CARDS = 100;
  private static final int MOST_PICTURES = 12;
  private static final int MOST_EVENTS = 200;
  private static final int MOST_POINTS = 1000;
  private static final int SMALL = 160;
  private static final int LARGE = 1200;

  private static final Set<TrainerEventType> VERDICTS =
      Set.of(
          TrainerEventType.RUN_PUBLISHED,
          TrainerEventType.RUN_REFUSED,
          TrainerEventType.CANARY_STARTED,
          TrainerEventType.CANARY_PASSED,
          TrainerEventType.CANARY_REFUSED,
          TrainerEventType.RELEASE_SERVED,
          TrainerEventType.RELEASE_REFUSED);

  private final View view;
  private final Topics topics;
  private final RecordsAt records;
  private final Pictures pictures;
  private final Feed feed;
  private final ReleaseShelf shelf;

  /**
   * @param records stays the caller's
   * @param shelf stays the caller's
   */
  Looks(View view, Topics topics, RecordsAt records, ReleaseShelf shelf) {
    this.view = view;
    this.topics = topics;
    this.records = records;
    this.pictures = new Pictures(records, topics.images());
    this.feed = new Feed(view, topics.images());
    this.shelf = shelf;
  }

  /** All at a glance. */
  Map<String, Object> now() {
    Map<String, Object> now = new LinkedHashMap<>();
    List<Map<String, Object>> cards =
        view.sourceNames().stream().map(this::card).sorted(URGENT_FIRST).toList();
    now.put("loading", !view.isCaughtUp());
    now.put("brokerTrouble", view.brokerTrouble());
    now.put("imagesPerSecond", view.imagesPerSecond());
    now.put("alertsPerSecond", view.alertsPerSecond());
    now.put("latency", view.latency());
    now.put("alerts", view.alertCount());
    now.put("unreviewed", view.unreviewed());
    now.put("reviewsNotCounted", view.otherReviews());
    now.put("sources", cards.stream().limit(MOST_CARDS).toList());
    now.put("moreSources", Math.max(0, cards.size() - MOST_CARDS));
    now.put("release", active(view.releases()).map(AvroFields::of));
    now.put(
        "trainer", view.trainerEvents(event -> true, 1).stream().findFirst().map(AvroFields::of));
    return now;
  }

  private static final Comparator<Map<String, Object>> URGENT_FIRST =
      Comparator.<Map<String, Object>, Boolean>comparing(
              card -> !(card.get("incidents") instanceof List<?> open) || open.isEmpty())
          .thenComparing(card -> String.valueOf(card.get("source")));

  private Map<String, Object> card(String name) {
    Map<String, Object> card =
        view.source(name).<Map<String, Object>>map(AvroFields::of).orElseGet(LinkedHashMap::new);
    card.put("source", name);
    card.put("state", view.source(name).map(Looks::state).orElse("LEARNING"));
    card.put("last", view.lastScore(name));
    return card;
  }

  private static String state(SourceStatus source) {
    if (!source.getIncidents().isEmpty()) {
      return source.getIncidents().stream()
          .map(open -> open.getKind().name())
          .collect(Collectors.joining(", "));
    }
    return source.getSilentAfterSeconds() == null ? "LEARNING" : "OK";
  }

  /** Where several are announced as active, the one announced last is meant. */
  private static Optional<ReleaseAnnouncement> active(List<ReleaseAnnouncement> lastFirst) {
    return lastFirst.stream()
        .filter(release -> release.getState() == ReleaseState.ACTIVE)
        .findFirst();
  }

  /** The feed of alerts. */
  Feed feed() {
    return feed;
  }

  /**
   * An alert with its map, and how large its picture is.
   *
   * @throws RefusedException if it is not among the latest any more
   */
  Map<String, Object> alert(String alertId) throws InterruptedException {
    View.Reviewed alert =
        view.alert(alertId)
            .orElseThrow(
                () ->
                    new RefusedException(
                        404,
                        "the alert "
                            + alertId
                            + " is not among the latest "
                            + view.alertCount()
                            + "; 'surprisal alerts --from-beginning' has older ones"));
    Map<String, Object> fields = feed.fields(alert);
    fields.put("map", map(alert.seen()).map(AvroFields::of));
    Place place = feed.place(alert.seen().alert().getLocation());
    Map<String, Object> picture = new LinkedHashMap<>();
    try {
      Optional<Pictures.Shown> shown =
          place == null ? Optional.empty() : pictures.find(place, LARGE);
      picture.put("width", shown.map(Pictures.Shown::width));
      picture.put("height", shown.map(Pictures.Shown::height));
      picture.put("gone", shown.isEmpty());
    } catch (ImageRejectedException e) {
      picture.put("refused", e.getMessage());
    } catch (TimeoutException e) {
      picture.put("trouble", e.getMessage());
    }
    fields.put("picture", picture);
    return fields;
  }

  private Optional<SurpriseMap> map(SeenAlert alert) throws InterruptedException {
    try {
      Optional<ConsumerRecord<byte[], byte[]>> record =
          records.read(topics.alerts(), alert.place());
      return record.map(found -> ALERTS.decode(found.value()).getMap());
    } catch (TimeoutException | RecordFormatException e) {
      return Optional.empty(); // the picture says so
    }
  }

  /**
   * A source over time.
   *
   * @throws RefusedException if nothing is known of it
   */
  Map<String, Object> source(String name) throws InterruptedException {
    if (!view.sourceNames().contains(name)) {
      throw new RefusedException(404, "nothing has come from a source of that name lately");
    }
    List<SeenScore> scores = view.scores(name);
    Map<String, Object> source = card(name);
    source.put("scores", points(scores));
    source.put(
        "latest",
        scores.stream()
            .sorted(Comparator.comparingLong(SeenScore::at).reversed())
            .limit(MOST_PICTURES)
            .toList());
    source.put(
        "surprising",
        scores.stream()
            .sorted(Comparator.comparingDouble(SeenScore::bitsPerDim).reversed())
            .limit(MOST_PICTURES)
            .toList());
    source.put("histogram", histogram(name, scores));
    source.put("events", view.sourceAlerts(name).stream().limit(50).map(AvroFields::of).toList());
    source.put("windows", view.statistics(name).stream().map(AvroFields::of).toList());
    return source;
  }

  /** When, score, threshold and whether it alerted, of each. */
  private static List<List<@Nullable Object>> points(List<SeenScore> scores) {
    List<@Nullable Double> thresholds = SettledThresholds.of(scores);
    List<List<@Nullable Object>> points = new ArrayList<>(scores.size());
    for (int i = 0; i < scores.size(); i++) {
      SeenScore score = scores.get(i);
      List<@Nullable Object> point = new ArrayList<>();
      point.add(score.at());
      point.add(score.bitsPerDim());
      point.add(thresholds.get(i));
      point.add(score.alert() ? 1 : 0);
      points.add(point);
    }
    return points;
  }

  /** What the latest images score beside what their release was calibrated on, or why not. */
  private Map<String, Object> histogram(String source, List<SeenScore> scores)
      throws InterruptedException {
    Map<String, Object> histogram = new LinkedHashMap<>();
    if (scores.isEmpty()) {
      histogram.put("trouble", "No image of it has been scored lately.");
      return histogram;
    }
    SeenScore last = scores.get(scores.size() - 1);
    histogram.put("releaseId", last.releaseId());
    histogram.put("threshold", last.threshold());
    try {
      List<Float> calibration = shelf.facts(last.releaseId()).judging(last, source);
      if (calibration.isEmpty()) {
        histogram.put(
            "trouble", "Its release is not calibrated, so it does not say what is normal.");
        return histogram;
      }
      List<Double> latest =
          scores.stream()
              .filter(score -> score.releaseId().equals(last.releaseId()))
              .map(SeenScore::bitsPerDim)
              .toList();
      histogram.put("calibration", calibration.size());
      histogram.put("bySource", last.bySource());
      histogram.put("latest", latest.size());
      histogram.put(
          "bins",
          ScoreHistogram.of(
              calibration,
              latest,
              last.threshold() == null
                  ? OptionalDouble.empty()
                  : OptionalDouble.of(last.threshold())));
    } catch (RefusedException e) {
      histogram.put("trouble", e.getMessage());
    }
    return histogram;
  }

  /**
   * What is in a release's file, and in that of the one before it.
   *
   * @throws RefusedException if it was not announced, or cannot be opened
   */
  Map<String, Object> release(String releaseId) throws InterruptedException {
    ReleaseAnnouncement announced = shelf.announcement(releaseId);
    Map<String, Object> release = new LinkedHashMap<>();
    release.put("own", shelf.facts(releaseId).fields());
    Optional<String> before =
        Optional.ofNullable(announced.getParentReleaseId())
            .or(() -> Optional.ofNullable(announced.getFollowsReleaseId()))
            .filter(id -> !id.isEmpty());
    release.put("beforeId", before);
    if (before.isPresent()) {
      try {
        release.put("before", shelf.facts(before.get()).fields());
      } catch (RefusedException e) {
        release.put("beforeTrouble", e.getMessage());
      }
    }
    return release;
  }

  /** The releases, with what became of them. */
  Map<String, Object> releases() {
    List<ReleaseAnnouncement> all = view.releases();
    Map<String, Object> releases = new LinkedHashMap<>();
    releases.put("active", active(all).map(ReleaseAnnouncement::getReleaseId));
    releases.put("releases", all.stream().map(AvroFields::of).toList());
    releases.put(
        "verdicts",
        events(view.trainerEvents(event -> VERDICTS.contains(event.getType()), MOST_EVENTS)));
    return releases;
  }

  /**
   * What trainer and scorers said, the run that was on last, and its curve.
   *
   * @param command what was said to it alone
   */
  Map<String, Object> trainer(Optional<String> command) {
    Map<String, Object> trainer = new LinkedHashMap<>();
    if (command.isPresent()) {
      trainer.put(
          "events",
          events(
              view.trainerEvents(
                  event -> command.get().equals(event.getCommandId()), MOST_EVENTS)));
      return trainer;
    }
    trainer.put(
        "events",
        events(
            view.trainerEvents(
                event -> event.getType() != TrainerEventType.RUN_PROGRESS, MOST_EVENTS)));
    Optional<String> run =
        view.trainerEvents(event -> event.getRunId() != null, 1).stream()
            .findFirst()
            .map(TrainerEvent::getRunId);
    List<TrainerEvent> ofRun =
        run.map(id -> view.trainerEvents(event -> id.equals(event.getRunId()), MOST_POINTS))
            .orElse(List.of());
    trainer.put("run", run);
    trainer.put("latest", ofRun.stream().findFirst().map(AvroFields::of));
    trainer.put(
        "curve",
        events(
            ofRun.stream()
                .filter(event -> event.getType() == TrainerEventType.RUN_PROGRESS)
                .toList()));
    return trainer;
  }

  private static List<Map<String, Object>> events(List<TrainerEvent> events) {
    return events.stream().map(AvroFields::of).toList();
  }

  /**
   * A picture as PNG.
   *
   * @throws RefusedException if it is gone, no picture, or cannot be read now
   */
  byte[] picture(Place place, boolean large) throws InterruptedException {
    try {
      return pictures
          .find(place, large ? LARGE : SMALL)
          .orElseThrow(() -> new RefusedException(410, "the picture is no longer in Kafka"))
          .png();
    } catch (ImageRejectedException e) {
      throw new RefusedException(422, "not a picture: " + e.getMessage());
    } catch (KafkaException e) {
      throw new RefusedException(503, "the picture cannot be read now: " + e.getMessage());
    }
  }
}
