package io.surprisal.trainer;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Notices that the stream has changed for good: a sequential test on the p-values of the scores,
 * which are uniform while images are as those that the release was calibrated on.
 *
 * <p>Two cumulative sums (Page 1954) of the log likelihood ratio of Beta(½, 1) to uniform, one for
 * images that have become more surprising (small p), one for less surprising ones (p near 1): S ←
 * min(2h, max(0, S + ln ½ − ½ ln p)). The alarm is S ≥ h = ln(images between false alarms), which
 * by Lorden (1971) comes on average no sooner than that under no change. Alerts weigh most, since
 * their p is at most the alert rate.
 *
 * <p>An alarm is a shift only once it has lasted, in images and in time, since the sum was last 0;
 * the sum is bounded, so that it comes down within some hundred normal images after a burst.
 *
 * <p>Not thread-safe.
 */
final class DriftTest {

  /**
   * A change that lasts.
   *
   * @param moreSurprising whether scores have become larger
   * @param since when it began, nearly
   * @param images since then
   */
  record Shift(boolean moreSurprising, Instant since, long images) {}

  private static final double KAPPA = 0.5;

  private final DriftSensitivity sensitivity;
  private final double alarm;
  private final double smallest;
  private final Sum more = new Sum();
  private final Sum less = new Sum();
  private Instant last = Instant.MIN;

  private static final class Sum {
    private double value;
    private Instant since = Instant.MAX;
    private long images;
  }

  /**
   * @param alertRate that the release is calibrated for: its p-values lie on a grid no coarser
   */
  DriftTest(DriftSensitivity sensitivity, double alertRate) {
    this.sensitivity = sensitivity;
    smallest = alertRate / 2;
    alarm = Math.log(sensitivity.imagesBetweenFalseAlarms());
  }

  /**
   * One image has been scored.
   *
   * @param pValue in (0, 1]
   */
  void observe(double pValue, Instant when) {
    last = when;
    add(more, pValue, when);
    // p-values on a grid of steps 1/m are 1 with probability 1/m. At half a step and more for their
    // mirror image 0, the likelihood ratio of uniform ones is still 1 at most on average.
    add(less, Math.max(1 - pValue, smallest), when);
  }

  private void add(Sum sum, double p, Instant when) {
    double before = sum.value;
    sum.value = Math.min(2 * alarm, before + Math.log(KAPPA) + (KAPPA - 1) * Math.log(p));
    if (sum.value <= 0) {
      sum.value = 0;
      sum.since = Instant.MAX;
      sum.images = 0;
      return;
    }
    if (before == 0) {
      sum.since = when;
    }
    sum.images++;
  }

  /** The change that has lasted; empty while there is none. */
  Optional<Shift> shift() {
    return shift(more, true).or(() -> shift(less, false));
  }

  private Optional<Shift> shift(Sum sum, boolean moreSurprising) {
    boolean lasts =
        sum.value >= alarm
            && sum.images >= sensitivity.images()
            && Duration.between(sum.since, last).compareTo(sensitivity.time()) >= 0;
    return lasts ? Optional.of(new Shift(moreSurprising, sum.since, sum.images)) : Optional.empty();
  }
}
