package io.surprisal.model.release;

import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * The diffusion loss of normal images over time: what one evaluation ½ γ′(t) ‖ε − ε̂‖²/(D ln 2)
 * gives, in bits/dim, and how much it varies between images and noise. Between its end points the
 * schedule's shape does not change the loss, only this variance (arXiv 2107.00630, sections 5.1 and
 * 5.3).
 *
 * @param points of ascending t, one for each bin of times with enough evaluations; none where the
 *     profile was not measured
 */
public record LossProfile(List<Point> points) {
  /** Of a release whose calibration measured none. */
  public static final LossProfile UNMEASURED = new LossProfile(List.of());

  private static final double ROUNDING = 1e-9;

  /**
   * The evaluations in one bin of times.
   *
   * @param t centre of the bin, in (0, 1)
   * @param gamma γ(t)
   * @param lossBitsPerDim their mean, never negative
   * @param variance of a single one, (bits/dim)², never negative
   * @param evaluations how many, at least two
   */
  public record Point(
      double t, double gamma, double lossBitsPerDim, double variance, long evaluations) {

    /**
     * @throws IllegalArgumentException if a number is impossible
     */
    public Point {
      if (!(t > 0 && t < 1)
          || !Double.isFinite(gamma)
          || !(lossBitsPerDim >= 0 && lossBitsPerDim < Double.POSITIVE_INFINITY)
          || !(variance >= 0 && variance < Double.POSITIVE_INFINITY)
          || evaluations < 2) {
        throw new IllegalArgumentException(
            "loss profile: t = %s, γ = %s, loss %s, variance %s of %d evaluations"
                .formatted(t, gamma, lossBitsPerDim, variance, evaluations));
      }
    }
  }

  /**
   * @throws IllegalArgumentException if a point is missing or out of order
   */
  public LossProfile {
    double last = 0;
    for (Point point : points) {
      if (point == null || point.t() <= last) {
        throw new IllegalArgumentException("loss profile: " + point + " after t = " + last);
      }
      last = point.t();
    }
    points = List.copyOf(points);
  }

  /** Whether there is anything to see. */
  public boolean measured() {
    return !points.isEmpty();
  }

  /** The diffusion loss in bits/dim; empty where bins are missing. */
  public OptionalDouble meanBitsPerDim() {
    return overAllTimes(Point::lossBitsPerDim);
  }

  /**
   * Variance of a single evaluation at a uniform t, (bits/dim)²: what varies within the bins, and
   * between their means. Empty where bins are missing.
   */
  public OptionalDouble evaluationVariance() {
    OptionalDouble mean = meanBitsPerDim();
    return mean.isEmpty()
        ? mean
        : overAllTimes(p -> p.variance() + Math.pow(p.lossBitsPerDim() - mean.getAsDouble(), 2));
  }

  /** Mean over t, where the points are the centres of equal bins that cover all times. */
  private OptionalDouble overAllTimes(ToDoubleFunction<Point> value) {
    for (int i = 0; i < points.size(); i++) {
      if (Math.abs(points.get(i).t() - (i + 0.5) / points.size()) > ROUNDING) {
        return OptionalDouble.empty();
      }
    }
    return points.stream().mapToDouble(value).average();
  }
}
