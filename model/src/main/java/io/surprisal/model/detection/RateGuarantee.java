package io.surprisal.model.detection;

/**
 * What an alert rate promises of normal images with n calibration images, in its two meanings
 * (Bates, Candès, Lei, Romano &amp; Sesia 2023, arXiv 2104.08279). On average over calibrations, r
 * = ⌊rate (n + 1)⌋ of n + 1 images alert. The share given the calibration that a release has
 * follows Beta(r, n + 1 − r), and so may lie above.
 *
 * @param rate that is asked for, in (0, 1)
 * @param onAverage share of normal images that alert, over calibrations; 0: nothing alerts, the
 *     calibration is too small for the rate
 * @param atMost what that share is at most with 95 % confidence, given the calibration; 0 likewise
 * @param toBeSure the rate to set instead, so that with 95 % confidence at most {@code rate} of
 *     normal images alert, given the calibration; 0: none is low enough
 */
public record RateGuarantee(double rate, double onAverage, double atMost, double toBeSure) {
  private static final double CONFIDENCE = 0.95;
  private static final double PRECISION = 1e-9;

  /**
   * Of a calibration.
   *
   * @param images n, at least 1
   */
  public static RateGuarantee of(int images, double rate) {
    int rank = AlertRule.rank(rate, images);
    int sure = 0;
    while (sure < images && beta(sure + 1, images, rate) >= CONFIDENCE) {
      sure++;
    }
    double blocks = images + 1.0;
    return new RateGuarantee(
        rate, rank / blocks, rank == 0 ? 0 : quantile(rank, images), sure / blocks);
  }

  /** The share that Beta(r, n + 1 − r) is below with the confidence, by bisection. */
  private static double quantile(int rank, int images) {
    double low = 0;
    double high = 1;
    while (high - low > PRECISION) {
      double middle = (low + high) / 2;
      if (beta(rank, images, middle) < CONFIDENCE) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  /** P(Beta(r, n + 1 − r) ≤ x) = P(Binomial(n, x) ≥ r). */
  private static double beta(int rank, int images, double x) {
    double logMass = images * Math.log1p(-x);
    double below = 0;
    for (int k = 0; k < rank; k++) {
      below += Math.exp(logMass);
      logMass += Math.log((images - k) / (k + 1.0)) + Math.log(x) - Math.log1p(-x);
    }
    return 1 - below;
  }
}
