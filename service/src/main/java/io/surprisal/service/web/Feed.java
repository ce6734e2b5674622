package io.surprisal.service.web;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.options.IncidentSum;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
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
    alerts.put("alerts", found.stream().limit(filter.limit()).map(this::fields).toList());
    return alerts;
  }

  /**
   * Alerts as wanted, those of an incident as one row, which stands where the latest of them would:
   * two sources that storm at the same time take two rows, and not a row for each turn.
   */
  Map<String, Object> rows(AlertFilter filter) {
    Map<String, List<View.Reviewed>> byIncident =
        view.alerts(filter, Integer.MAX_VALUE).stream()
            .collect(
                Collectors.groupingBy(
                    alert -> alert.seen().alert().getIncidentId(),
                    LinkedHashMap::new,
                    Collectors.toList()));
    Map<String, Object> feed = head(byIncident.size() > filter.limit());
    feed.put(
        "rows",
        byIncident.entrySet().stream()
            .limit(filter.limit())
            .map(row -> row(row.getKey(), row.getValue()))
            .toList());
    return feed;
  }

  private Map<String, Object> head(boolean more) {
    Map<String, Object> head = new LinkedHashMap<>();
    head.put("loading", !view.isCaughtUp());
    head.put("kept", view.alertCount());
    head.put("unreviewed", view.unreviewed());
    head.put("more", more);
    head.put("sources", view.sourceNames().stream().sorted().toList());
    return head;
  }

  /**
   * Alerts of an incident.
   *
   * @param alerts the latest first, at least one
   */
  private Map<String, Object> row(String incidentId, List<View.Reviewed> alerts) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("incidentId", incidentId);
    row.put("alerts", alerts.size());
    row.put("firstAt", alerts.stream().mapToLong(Feed::taken).min());
    row.put("lastAt", alerts.stream().mapToLong(Feed::taken).max());
    row.put(
        "reviews",
        alerts.stream().collect(Collectors.groupingBy(Feed::verdict, Collectors.counting())));
    row.put(
        "reasons",
        alerts.stream().flatMap(a -> a.seen().alert().getReasons().stream()).distinct().toList());
    row.put("latest", fields(alerts.get(0)));
    row.put("incident", view.incident(incidentId).map(IncidentSum.Whole::fields));
    return row;
  }

  /** Milliseconds since 1970-01-01T00:00:00Z. */
  private static long taken(View.Reviewed alert) {
    return alert.seen().alert().getEventTime().toEpochMilli();
  }

  private static String verdict(View.Reviewed alert) {
    return alert
        .review()
        .map(review -> review.getVerdict())
        .map(ReviewVerdict::name)
        .orElse(NOT_REVIEWED);
  }

  /** An alert and what was said of it. */
  Map<String, Object> fields(View.Reviewed alert) {
    AnomalyAlert said = alert.seen().alert();
    Map<String, Object> fields = AvroFields.of(said);
    fields.remove("map");
    fields.put("number", alert.seen().number());
    fields.put("place", place(said.getLocation()));
    fields.put("pValue", smallest(said));
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

  /** The p-value of the test that is most surprised; null: no test spoke. */
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
