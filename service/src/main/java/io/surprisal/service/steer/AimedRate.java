package io.surprisal.service.steer;

import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ReviewVerdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The alert rate at which a wanted share of the alerts is right, as far as reviews tell.
 *
 * <p>An image alerts where its p-value is at most the rate, so that the reviewed alerts of the
 * present rate say what a lower one would have shown. Of a higher one they say this much: false
 * alarms are in proportion to the rate, and those that are right do not become fewer.
 */
final class AimedRate {

  /** Reviewed alerts that an answer needs. */
  static final int FEWEST = 20;

  /** A rate is raised so many times at most: nobody has seen yet what comes with it. */
  static final double MOST_RAISE = 2;

  private static final double HIGHEST = 0.5;

  /**
   * A reviewed alert.
   *
   * @param pValue of the image for all reasons together
   * @param rate the alert rate at which it was raised
   */
  record Judged(double pValue, double rate, boolean right) {}

  /**
   * An answer.
   *
   * @param rate in (0, ½]; the largest that is expected to reach the aim
   * @param present the rate at which the alerts were raised
   * @param right how many of the reviewed alerts at the lower of both rates are right
   * @param reviewed how many those are
   */
  record Aim(double rate, double present, int right, int reviewed) {
    double share() {
      return (double) right / reviewed;
    }
  }

  private final double present;
  private final List<Judged> judged;

  private AimedRate(double present, List<Judged> judged) {
    this.present = present;
    this.judged = judged;
  }

  /**
   * Of reviewed alerts.
   *
   * @param present the alert rate that holds; alerts that were raised at a lower one are left out,
   *     because of those nobody saw the rest
   */
  static AimedRate of(double present, Collection<Judged> reviewed) {
    return new AimedRate(
        present,
        reviewed.stream()
            .filter(alert -> alert.rate >= present && alert.pValue <= present)
            .sorted(Comparator.comparingDouble(Judged::pValue))
            .toList());
  }

  /** Those of an alert's reviews that decide, with what the alert says. */
  static void collect(
      AnomalyAlert alert, Map<String, AlertReview> reviews, Collection<Judged> into) {
    AlertReview review = reviews.get(alert.getAlertId());
    if (review == null || alert.getPValue() == null) {
      return;
    }
    if (review.getVerdict() == ReviewVerdict.CONFIRMED
        || review.getVerdict() == ReviewVerdict.FALSE_ALARM) {
      into.add(
          new Judged(
              alert.getPValue(),
              alert.getAlertRate(),
              review.getVerdict() == ReviewVerdict.CONFIRMED));
    }
  }

  /** Alerts that count. */
  int reviewed() {
    return judged.size();
  }

  /** The largest share that some rate with enough reviewed alerts has shown; empty without any. */
  OptionalDouble best() {
    return steps().stream().mapToDouble(Aim::share).max();
  }

  /**
   * Looks for the rate.
   *
   * @param share of the alerts that is to be right, in (0, 1)
   * @return empty where no rate with enough reviewed alerts reaches it
   */
  Optional<Aim> at(double share) {
    List<Aim> steps = steps();
    for (int i = steps.size() - 1; i >= 0; i--) {
      Aim step = steps.get(i);
      if (step.share() >= share) {
        return Optional.of(i == steps.size() - 1 ? raised(step, share) : step);
      }
    }
    return Optional.empty();
  }

  private Aim raised(Aim step, double share) {
    double wrong = step.reviewed - step.right;
    double raise = wrong == 0 ? MOST_RAISE : step.right * (1 - share) / (share * wrong);
    return new Aim(
        Math.min(Math.min(raise, MOST_RAISE) * present, Math.max(HIGHEST, present)),
        present,
        step.right,
        step.reviewed);
  }

  /** What each lower rate, and the present one at the end, has shown; those of enough alerts. */
  private List<Aim> steps() {
    List<Aim> steps = new ArrayList<>();
    int right = 0;
    for (int i = 0; i < judged.size(); i++) {
      right += judged.get(i).right ? 1 : 0;
      boolean last = i == judged.size() - 1;
      boolean tied = !last && judged.get(i + 1).pValue == judged.get(i).pValue;
      if (!tied && i + 1 >= FEWEST) {
        steps.add(new Aim(last ? present : judged.get(i).pValue, present, right, i + 1));
      }
    }
    return steps;
  }
}
