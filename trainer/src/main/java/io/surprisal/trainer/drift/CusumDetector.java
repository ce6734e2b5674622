package io.surprisal.trainer.drift;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Notices that images have changed for good: a sequential test on p-values that are uniform, or
 * larger than that, while nothing has changed.
 *
 * <p>Cumulative sums (Page 1954) of the log likelihood ratio of Beta(κ, 1) to uniform: one for
 * images that have become more surprising, one for less surprising ones, and, where the release
 * tells how typical images are, one for less typical ones: S ← min(m, max(0, S + ln κ − (1 − κ) ln
 * p)). The alarm is S ≥ h = ln(images between false alarms), which by Lorden (1971) each comes to
 * on average no sooner than that under no change.
 *
 * <p>The nearer κ is to 1, the smaller the changes that make a sum rise: those with a mean of −ln p
 * above −ln κ/(1 − κ), where 1 is that of no change. For bits/dim κ = ½, so that a few percent of
 * anomalies that never cease are no shift. Of untypicality smaller changes count, since bits/dim do
 * not show them at all; but n images that the p-values are among make that mean wrong by 1/√n, so
 * that κ = 1 − 8/√n, within ½ and ¾.
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
   * @param lastMillis time of the image seen last
   */
  public record State(Sum more, Sum less, Sum untypical, long lastMillis) {
    public static final State START = new State(Sum.ZERO, Sum.ZERO, Sum.ZERO, 0);

    // Earlier versions saved none.
    public State {
      untypical = untypical == null ? Sum.ZERO : untypical;
    }
  }

  /**
   * What an image says.
   *
   * @param more p-value against images that are more surprising, in (0, 1]
   * @param less likewise less
   * @param untypical likewise less typical; empty where the release has no such test
   * @param kappa κ of the first two
   * @param kappaOfUntypical κ of the third
   */
  record Evidence(
      double more, double less, OptionalDouble untypical, double kappa, double kappaOfUntypical) {}

  /** κ of bits/dim. */
  static final double USUAL_KAPPA = 0.5;

  private static final double MOST_KAPPA = 0.75;
  private static final double DEVIATIONS = 4;

  private final DriftSensitivity sensitivity;
  private final double alarm;
  private State state;

  /** Goes on. */
  CusumDetector(DriftSensitivity sensitivity, State state) {
    this.sensitivity = sensitivity;
    this.state = state;
    alarm = Math.log(sensitivity.imagesBetweenFalseAlarms());
  }

  State state() {
    return state;
  }

  /** κ of untypicality, whose p-values are among n images. */
  static double kappaOfUntypical(double n) {
    return Math.max(USUAL_KAPPA, Math.min(MOST_KAPPA, 1 - 2 * DEVIATIONS / Math.sqrt(n)));
  }

  /**
   * An image has been looked at.
   *
   * @param images how many it stands for
   */
  void observe(Evidence evidence, int images, Instant when) {
    long millis = when.toEpochMilli();
    state =
        new State(
            add(state.more(), evidence.more(), evidence.kappa(), images, millis),
            add(state.less(), evidence.less(), evidence.kappa(), images, millis),
            evidence.untypical().isPresent()
                ? add(
                    state.untypical(),
                    evidence.untypical().getAsDouble(),
                    evidence.kappaOfUntypical(),
                    images,
                    millis)
                : state.untypical(),
            millis);
  }

  private Sum add(Sum sum, double p, double kappa, int images, long millis) {
    double most = alarm * (1 + Math.min(1, fall(kappa) / fall(USUAL_KAPPA)));
    double value = Math.min(most, sum.value() + Math.log(kappa) + (kappa - 1) * Math.log(p));
    if (value <= 0) {
      return Sum.ZERO;
    }
    return new Sum(value, sum.value() == 0 ? millis : sum.sinceMillis(), sum.images() + images);
  }

  /** Whether no sum is half way to an alarm. */
  boolean isQuiet() {
    return highest() < alarm / 2;
  }

  private double highest() {
    return Math.max(
        state.more().value(), Math.max(state.less().value(), state.untypical().value()));
  }

  /** By how much a sum falls on average for an image where nothing has changed. */
  private static double fall(double kappa) {
    return kappa - 1 - Math.log(kappa);
  }

  /** The change that has lasted; empty while there is none. */
  Optional<Shift> shift() {
    return highest() < alarm
        ? Optional.empty() // as after nearly every image
        : Arrays.stream(Change.values()).flatMap(change -> shift(change).stream()).findFirst();
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
