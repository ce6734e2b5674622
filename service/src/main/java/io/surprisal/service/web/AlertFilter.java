package io.surprisal.service.web;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.ReviewVerdict;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Which alerts somebody wants to see.
 *
 * @param incident that they belong to
 * @param review none, any, or a verdict in lower case; empty: whatever
 * @param since when its image was taken, at the earliest, milliseconds since 1970-01-01T00:00:00Z
 * @param until at the latest
 * @param before alerts with a smaller number alone
 * @param limit at most so many
 */
record AlertFilter(
    Optional<String> source,
    Optional<AlertReason> reason,
    Optional<String> incident,
    Optional<String> review,
    Optional<Long> since,
    Optional<Long> until,
    Optional<Long> before,
    int limit)
    implements Predicate<View.Reviewed> {
  private static final int USUAL = 30;
  private static final int MOST = 200;

  /**
   * Of an address.
   *
   * @throws RefusedException if a filter has no sense
   */
  static AlertFilter of(Query query) {
    Optional<String> review = query.text("review");
    if (review.isPresent()
        && !review.get().equals("none")
        && !review.get().equals("any")
        && Arrays.stream(ReviewVerdict.values()).noneMatch(v -> word(v).equals(review.get()))) {
      throw new RefusedException(400, "review must be none, any, confirmed, false-alarm or unsure");
    }
    return new AlertFilter(
        query.text("source"),
        query
            .text("reason")
            .map(
                name ->
                    Arrays.stream(AlertReason.values())
                        .filter(reason -> reason.name().equals(name))
                        .findAny()
                        .orElseThrow(
                            () ->
                                new RefusedException(
                                    400, "reason must be LOW_LIKELIHOOD, ATYPICAL or LOCAL"))),
        query.text("incident"),
        review,
        query.number("since"),
        query.number("until"),
        query.number("before"),
        (int) Math.max(1, Math.min(MOST, query.number("limit").orElse((long) USUAL))));
  }

  private static String word(ReviewVerdict verdict) {
    return verdict.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Override
  public boolean test(View.Reviewed alert) {
    long at = alert.seen().alert().getEventTime().toEpochMilli();
    return before.map(number -> alert.seen().number() < number).orElse(true)
        && source.map(alert.seen().alert().getSource()::equals).orElse(true)
        && reason.map(alert.seen().alert().getReasons()::contains).orElse(true)
        && incident.map(alert.seen().alert().getIncidentId()::equals).orElse(true)
        && since.map(from -> at >= from).orElse(true)
        && until.map(to -> at <= to).orElse(true)
        && review.map(wanted -> reviewed(alert, wanted)).orElse(true);
  }

  private static boolean reviewed(View.Reviewed alert, String wanted) {
    return switch (wanted) {
      case "none" -> alert.review().isEmpty();
      case "any" -> alert.review().isPresent();
      default -> alert.review().map(r -> word(r.getVerdict()).equals(wanted)).orElse(false);
    };
  }
}
