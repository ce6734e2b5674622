package io.surprisal.model.detection;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which of several images to call anomalous, so that of those that are called so a share is normal
 * that is not above a wish on average: Benjamini and Hochberg's procedure (Controlling the false
 * discovery rate, J. R. Statist. Soc. B 57, 1995). Conformal p-values that share one calibration
 * depend on each other in a way under which it holds (Bates et al., arXiv 2104.08279, theorem 2).
 */
public final class FalseDiscoveries {

  private FalseDiscoveries() {}

  /**
   * Which ones are called anomalous: all with a p-value up to the largest p₍ₖ₎ ≤ k q / m, of m.
   *
   * @param pValues in (0, 1]
   * @param rate q, the wished share of normal ones among them, in (0, 1)
   * @return positions, ascending
   */
  public static int[] among(double[] pValues, double rate) {
    if (!(rate > 0 && rate < 1)) {
      throw new IllegalArgumentException(
          "the rate of false discoveries is " + rate + ", must be in (0, 1)");
    }
    double[] sorted = pValues.clone();
    Arrays.sort(sorted);
    double limit =
        IntStream.range(0, sorted.length)
            .filter(k -> sorted[k] <= (k + 1) * rate / sorted.length)
            .mapToDouble(k -> sorted[k])
            .max()
            .orElse(0);
    return IntStream.range(0, pValues.length).filter(i -> pValues[i] <= limit).toArray();
  }
}
