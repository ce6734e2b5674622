package io.surprisal.service.steer;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AlertReview;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.CountedReviews;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How many of the reviewed alerts were right. An alert with several reasons counts for each.
 *
 * @param all of all alerts
 * @param bySource in the order of their names
 * @param byReason in the order of the reasons
 * @param reviews what it sums up
 */
record ReviewSummary(
    Counts all,
    Map<String, Counts> bySource,
    Map<AlertReason, Counts> byReason,
    CountedReviews reviews) {

  /** Reviews by what they say. */
  record Counts(long confirmed, long falseAlarms, long unsure) {
    private static final Counts NONE = new Counts(0, 0, 0);

    /** The share of the confirmed among those that are decided; empty where none is. */
    OptionalDouble precision() {
      return confirmed + falseAlarms == 0
          ? OptionalDouble.empty()
          : OptionalDouble.of((double) confirmed / (confirmed + falseAlarms));
    }

    private static Counts of(AlertReview review) {
      return switch (review.getVerdict()) {
        case CONFIRMED -> new Counts(1, 0, 0);
        case FALSE_ALARM -> new Counts(0, 1, 0);
        case UNSURE -> new Counts(0, 0, 1);
        case UNKNOWN -> NONE;
      };
    }

    private Counts plus(Counts other) {
      return new Counts(
          confirmed + other.confirmed, falseAlarms + other.falseAlarms, unsure + other.unsure);
    }

    private Map<String, Object> fields() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("confirmed", confirmed);
      fields.put("falseAlarms", falseAlarms);
      fields.put("unsure", unsure);
      fields.put("precision", precision().isPresent() ? precision().getAsDouble() : null);
      return fields;
    }
  }

  /**
   * Sums up.
   *
   * @param reviews one of each alert
   */
  static ReviewSummary of(CountedReviews reviews) {
    Counts all = Counts.NONE;
    Map<String, Counts> bySource = new TreeMap<>();
    Map<AlertReason, Counts> byReason = new EnumMap<>(AlertReason.class);
    for (AlertReview review : reviews.byAlert().values()) {
      Counts counts = Counts.of(review);
      all = all.plus(counts);
      bySource.merge(review.getSource(), counts, Counts::plus);
      review.getReasons().stream()
          .distinct()
          .forEach(reason -> byReason.merge(reason, counts, Counts::plus));
    }
    return new ReviewSummary(all, bySource, byReason, reviews);
  }

  /** Prints a table, or one line of JSON. */
  void print(Output output) {
    Table table = new Table("alerts", "confirmed", "false alarms", "unsure", "precision");
    row(table, "all", all);
    byReason.forEach((reason, counts) -> row(table, "reason " + reason, counts));
    bySource.forEach((source, counts) -> row(table, "source " + Printable.text(source), counts));
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("all", all.fields());
    fields.put("byReason", fields(byReason));
    fields.put("bySource", fields(bySource));
    fields.put("notCounted", reviews.others());
    output.print(fields, table);
    if (!output.json() && reviews.others() > 0) {
      output.printLine(fields, reviews.aboutOthers());
    }
  }

  private static void row(Table table, String what, Counts counts) {
    table.row(
        what,
        counts.confirmed,
        counts.falseAlarms,
        counts.unsure,
        counts.precision().isPresent()
            ? String.format(Locale.ROOT, "%.1f %%", 100 * counts.precision().getAsDouble())
            : "–");
  }

  private static Map<String, Object> fields(Map<?, Counts> counts) {
    return counts.entrySet().stream()
        .collect(
            Collectors.toMap(
                entry -> String.valueOf(entry.getKey()),
                entry -> entry.getValue().fields(),
                (one, other) -> one,
                LinkedHashMap::new));
  }
}
