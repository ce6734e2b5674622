package io.surprisal.model.detection;

import java.util.List;

/**
 * The beta-binomial distribution: successes in {@code trials} whose common probability is itself
 * Beta({@code alpha}, {@code beta}). It is what the number of false alerts on m normal images
 * follows when the threshold is the r-th largest of n calibration scores: both samples are finite,
 * and the chance of a false alert is Beta(r, n + 1 − r).
 *
 * @param trials m, at least 0
 * @param alpha above 0
 * @param beta above 0
 */
public record BetaBinomial(int trials, double alpha, double beta) {

  public BetaBinomial {
    if (trials < 0 || !(alpha > 0) || !(beta > 0)) {
      throw new IllegalArgumentException(
          "beta-binomial with trials " + trials + ", alpha " + alpha + ", beta " + beta);
    }
  }

  /** P(successes = k) for each k from 0 to {@code trials}. */
  double[] masses() {
    double[] masses = new double[trials + 1];
    double logMass = 0; // of no success: Π (beta + j)/(alpha + beta + j)
    for (int j = 0; j < trials; j++) {
      logMass += Math.log((beta + j) / (alpha + beta + j));
    }
    for (int k = 0; k <= trials; k++) {
      masses[k] = Math.exp(logMass);
      logMass +=
          Math.log((trials - k) / (k + 1.0)) + Math.log((alpha + k) / (beta + trials - k - 1));
    }
    return masses;
  }

  /**
   * Smallest k with P(successes ≤ k) ≥ {@code probability}.
   *
   * @param probability in (0, 1)
   */
  public int quantile(double probability) {
    return CountDistribution.sum(List.of(this)).quantile(probability);
  }
}
