package io.surprisal.model.detection;

import java.util.List;

/**
 * The distribution of a count that is the sum of independent ones.
 *
 * @param mass probability of each count from 0 on
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record CountDistribution(double[] mass) {

  /** The sum of counts; 0 of none. */
  static CountDistribution sum(List<BetaBinomial> parts) {
    double[] sum = {1};
    for (BetaBinomial part : parts) {
      double[] other = part.masses();
      double[] longer = new double[sum.length + other.length - 1];
      for (int i = 0; i < sum.length; i++) {
        for (int j = 0; j < other.length; j++) {
          longer[i + j] += sum[i] * other[j];
        }
      }
      sum = longer;
    }
    return new CountDistribution(sum);
  }

  /**
   * Smallest k with P(count ≤ k) ≥ {@code probability}.
   *
   * @param probability in (0, 1)
   */
  public int quantile(double probability) {
    double cumulative = mass[0];
    int k = 0;
    while (cumulative < probability && k < mass.length - 1) {
      k++;
      cumulative += mass[k];
    }
    return k;
  }
}
