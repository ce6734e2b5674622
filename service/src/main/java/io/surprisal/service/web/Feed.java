package io.surprisal.service.web;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.options.IncidentSum;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The feed of alerts, as maps for JSON: alert by alert, or a row an incident. Thread-safe. */
final class Feed {
  private static final String NOT_REVIEWED = "none";

  private final View view;
  private final String imagesTopic;

  /**
   * @param imagesTopic whose images the pages show
   */
  Feed(View view, String imagesTopic) {
    this.view = view;
    this.imagesTopic = imagesTopic;
  }

  /** Alerts as wanted, the latest first. */
  Map<String, Object> alerts(AlertFilter filter) {
    List<View.Reviewed> found = view.alerts(filter, filter.limit() + 1);
    Map<String, Object> alerts = head(found.size() > filter.limit());
    List<View.Reviewed> shown = found.subList(0, Math.min(found.size(), filter.limit()));
    view.lookAt(shown);
    alerts.put("alerts", shown.stream().map(this::fields).toList());
    return alerts;
  }

  /**
   * Alerts as wanted, those of an incident as one row, which stands where the latest of them would:
   * two sources that storm at the same time take two rows, and not a row for each turn.
   */
  Map<String, Object> rows(AlertFilter filter) {
    Map<String, Fold> byIncident = new LinkedHashMap<>();
    for (View.Reviewed alert : view.alerts(filter, Integer.MAX_VALUE)) {
      byIncident
          .computeIfAbsent(alert.seen().alert().getIncidentId(), id -> new Fold(alert))
          .add(alert);
    }
    Map<String, Object> feed = head(byIncident.size() > filter.limit());
    feed.put("rows", byIncident.values().stream().limit(filter.limit()).map(this::row).toList());
    return feed;
  }

  private Map<String, Object> head(boolean more) {
    Map<String, Object> head = new LinkedHashMap<>();
    head.put("loading", !view.isCaughtUp());
    head.put("kept", view.alertCount());
    head.put("unreviewed", view.unreviewed());
    head.put("reviewsNotCounted", view.otherReviews());
    head.put("more", more);
    head.put("sources", view.sourceNames().stream().sorted().toList());
    return head;
  }

  private Map<String, Object> row(Fold fold) {
    String incidentId = fold.latest.seen().alert().getIncidentId();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("incidentId", incidentId);
    row.put("alerts", fold.alerts);
    row.put("firstAt", fold.firstAt);
    row.put("lastAt", fold.lastAt);
    row.put("reviews", fold.reviews);
    row.put("reasons", fold.reasons);
    row.put("latest", fields(fold.latest));
    row.put("incident", view.incident(incidentId).map(IncidentSum.Whole::fields));
    return row;
  }

  /** What a row says of the alerts of an incident; counted in one pass, since they are many. */
  private static final class Fold {
    private final View.Reviewed latest;
    private final Map<String, Integer> reviews = new TreeMap<>();
    private final Set<AlertReason> reasons = EnumSet.noneOf(AlertReason.class);
    private int alerts;
    private long firstAt = Long.MAX_VALUE;
    private long lastAt = Long.MIN_VALUE;

    /**
     * @param latest is not counted yet
     */
    Fold(View.Reviewed latest) {
      this.latest = latest;
    }

    void add(View.Reviewed alert) {
      long at = alert.seen().alert().getEventTime().toEpochMilli();
      alerts++;
      firstAt = Math.min(firstAt, at);
      lastAt = Math.max(lastAt, at);
      reasons.addAll(alert.seen().alert().getReasons());
      reviews.merge(
          alert.review().map(review -> review.getVerdict().name()).orElse(NOT_REVIEWED),
          1,
          Integer::sum);
    }
  }

  /** An alert and what was said of it. */
  Map<String, Object> fields(View.Reviewed alert) {
    AnomalyAlert said = alert.seen().alert();
    Map<String, Object> fields = AvroFields.of(said);
    fields.remove("map");
    fields.put("number", alert.seen().number());
    fields.put("place", place(said.getLocation()));
    fields.put("pValue", said.getPValue() == null ? smallest(said) : said.getPValue());
    fields.put("review", alert.review().map(AvroFields::of));
    fields.put(
        "ofIncident",
        view.incident(said.getIncidentId()).map(IncidentSum.Whole::alerts).orElse(1L));
    return fields;
  }

  /** Null: the picture lies in a topic that is not read here. */
  @Nullable Place place(ImageLocation location) {
    return location.getTopic().equals(imagesTopic)
        ? new Place(location.getPartition(), location.getOffset())
        : null;
  }

  /** Of an alert without a p-value for all reasons: of the test that is most surprised. */
  private static @Nullable Double smallest(AnomalyAlert alert) {
    Double smallest = null;
    for (Double p :
        new Double[] {
          alert.getLowLikelihoodPValue(), alert.getAtypicalPValue(), alert.getLocalPValue()
        }) {
      if (p != null && (smallest == null || p < smallest)) {
        smallest = p;
      }
    }
    return smallest;
  }
}
