package io.surprisal.trainer.drift;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Notices that images have changed for good: a sequential test on the p-values of their scores,
 * which are uniform while images are as those that the release was calibrated on.
 *
 * <p>Cumulative sums (Page 1954) of the log likelihood ratio of Beta(κ, 1) to uniform: one for
 * images that have become more surprising (small p), one for less surprising ones (p near 1), one,
 * where the release tells how typical images are, for less typical ones (small p of that): S ←
 * min(m, max(0, S + ln κ − (1 − κ) ln p)). The alarm is S ≥ h = ln(images between false alarms),
 * which by Lorden (1971) each comes to on average no sooner than that under no change. Alerts weigh
 * most, since their p is at most the alert rate.
 *
 * <p>The nearer κ is to 1, the smaller the changes that make a sum rise: those with a mean of −ln p
 * above 1 + (1 − κ)/2, nearly, where 1 is that of no change. For bits/dim κ = ½, so that a few
 * percent of anomalies that never cease, which weigh ln(n + 1) each, are no shift. Of untypicality
 * smaller changes count, since bits/dim do not show them at all. But n calibration images make that
 * mean wrong by 1/√n, so that κ = 1 − 8/√n, four standard deviations, within ½ and ¾. The p-values
 * show n: they are multiples of 1/(n + 1).
 *
 * <p>An alarm is a shift only once it has lasted, in images and in time, since the sum was last 0;
 * the sum is bounded, by m = 2h at κ = ½, so that at any κ it is below h some seventy normal images
 * after a burst.
 *
 * <p>Not thread-safe.
 */
public final class CusumDetector {

  /** What images have become. */
  public enum Change {
    MORE_SURPRISING("more surprising"),
    LESS_SURPRISING("less surprising"),
    LESS_TYPICAL("less typical");

    private final String text;

    Change(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * A change that lasts.
   *
   * @param change what images have become
   * @param since when it began, nearly
   * @param images since then
   */
  record Shift(Change change, Instant since, long images) {}

  /**
   * One sum.
   *
   * @param value S, from 0 to m
   * @param sinceMillis when it was last 0, milliseconds since 1970-01-01T00:00:00Z; where it is 0,
   *     anything
   * @param images since then
   */
  public record Sum(double value, long sinceMillis, long images) {
    public static final Sum ZERO = new Sum(0, 0, 0);
  }

  /**
   * All that a detector knows.
   *
   * @param finest smallest p-value of bits/dim that was seen; 0 before, and in states of earlier
   *     versions
   * @param lastMillis time of the image seen last
   */
  public record State(Sum more, Sum less, Sum untypical, double finest, long lastMillis) {
    public static final State START = new State(Sum.ZERO, Sum.ZERO, Sum.ZERO, 0, 0);

    // Earlier versions saved none.
    public State {
      untypical = untypical == null ? Sum.ZERO : untypical;
    }
  }

  private static final double LEAST_KAPPA = 0.5;
  private static final double MOST_KAPPA = 0.75;
  private static final double DEVIATIONS = 4;

  private final DriftSensitivity sensitivity;
  private final double alertRate;
  private final double alarm;
  private final double smallest;
  private State state;

  /** Begins. */
  CusumDetector(DriftSensitivity sensitivity, double alertRate) {
    this(sensitivity, alertRate, State.START);
  }

  /**
   * Goes on.
   *
   * @param alertRate that the release is calibrated for: its p-values lie on a grid no coarser
   */
  CusumDetector(DriftSensitivity sensitivity, double alertRate, State state) {
    this.sensitivity = sensitivity;
    this.state = state;
    this.alertRate = alertRate;
    smallest = alertRate / 2;
    alarm = Math.log(sensitivity.imagesBetweenFalseAlarms());
  }

  State state() {
    return state;
  }

  /**
   * One image has been scored.
   *
   * @param pValue of its bits/dim, in (0, 1]
   * @param atypicalPValue of its untypicality, in (0, 1]; empty where the release has no such test
   */
  void observe(double pValue, OptionalDouble atypicalPValue, Instant when) {
    // p-values on a grid of steps 1/m are 1 with probability 1/m. At half a step and more for their
    // mirror image 0, the likelihood ratio of uniform ones is still 1 at most on average.
    double mirrored = Math.max(1 - pValue, smallest);
    long millis = when.toEpochMilli();
    double finest = Math.min(state.finest() > 0 ? state.finest() : alertRate, pValue);
    double kappa =
        Math.max(LEAST_KAPPA, Math.min(MOST_KAPPA, 1 - 2 * DEVIATIONS * Math.sqrt(finest)));
    state =
        new State(
            add(state.more(), pValue, LEAST_KAPPA, millis),
            add(state.less(), mirrored, LEAST_KAPPA, millis),
            atypicalPValue.isPresent()
                ? add(state.untypical(), atypicalPValue.getAsDouble(), kappa, millis)
                : state.untypical(),
            finest,
            millis);
  }

  private Sum add(Sum sum, double p, double kappa, long millis) {
    double most = alarm * (1 + fall(kappa) / fall(LEAST_KAPPA));
    double value = Math.min(most, sum.value() + Math.log(kappa) + (kappa - 1) * Math.log(p));
    if (value <= 0) {
      return Sum.ZERO;
    }
    return new Sum(value, sum.value() == 0 ? millis : sum.sinceMillis(), sum.images() + 1);
  }

  /** By how much a sum falls on average for an image where nothing has changed. */
  private static double fall(double kappa) {
    return kappa - 1 - Math.log(kappa);
  }

  /** The change that has lasted; empty while there is none. */
  Optional<Shift> shift() {
    return Arrays.stream(Change.values()).flatMap(change -> shift(change).stream()).findFirst();
  }

  private Optional<Shift> shift(Change change) {
    return alarm(change)
        .filter(
            shift ->
                shift.images() >= sensitivity.images()
                    && Duration.between(shift.since(), Instant.ofEpochMilli(state.lastMillis()))
                            .compareTo(sensitivity.time())
                        >= 0);
  }

  /** A change of one kind, whether or not it has lasted. */
  Optional<Shift> alarm(Change change) {
    Sum sum =
        switch (change) {
          case MORE_SURPRISING -> state.more();
          case LESS_SURPRISING -> state.less();
          case LESS_TYPICAL -> state.untypical();
        };
    return sum.value() >= alarm
        ? Optional.of(new Shift(change, Instant.ofEpochMilli(sum.sinceMillis()), sum.images()))
        : Optional.empty();
  }
}
