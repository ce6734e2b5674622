package io.surprisal.model.evaluation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Whether evidence is of what was marked: within the regions of an anomalous picture against the
 * same regions of normal pictures of the same place, which share light, wear and what is always
 * there.
 *
 * @param auroc area under the receiver operating characteristic of all of these
 * @param pairsHigher share of the pairs of an anomalous and a normal picture of one place in which
 *     the anomalous one is higher, ties by halves
 * @param pairs how many pairs
 */
public record SamePlace(Estimate auroc, Estimate pairsHigher, int pairs) {

  /**
   * Compares; both sets are resampled by pictures, since all regions of a normal picture share it.
   *
   * @param anomalous evidence of each anomalous picture within its regions, at least one
   * @param normal by anomalous picture, then by normal one, evidence of that within the same
   *     regions; NaN where it is of another place
   * @throws IllegalArgumentException if there is no pair
   */
  public static SamePlace of(double[] anomalous, double[][] normal, Bootstrap bootstrap) {
    int a = anomalous.length;
    int n = normal[0].length;
    int[] of = new int[a * n];
    int[] by = new int[a * n];
    double[] values = new double[a * n];
    int pairs = 0;
    for (int i = 0; i < a; i++) {
      for (int j = 0; j < n; j++) {
        if (!Double.isNaN(normal[i][j])) {
          of[pairs] = i;
          by[pairs] = j;
          values[pairs++] = normal[i][j];
        }
      }
    }
    if (pairs == 0) {
      throw new IllegalArgumentException("no normal picture is of the same place");
    }
    int count = pairs;
    boolean[] which = new boolean[a + count];
    Arrays.fill(which, 0, a, true);
    Ranking ranking =
        new Ranking(
            DoubleStream.concat(Arrays.stream(anomalous), Arrays.stream(values, 0, count))
                .toArray(),
            which);
    List<Estimate> estimates =
        bootstrap.estimates(
            new int[] {a, n},
            weights -> {
              long all = 0;
              double higher = 0;
              for (int p = 0; p < count; p++) {
                long weight = (long) weights[0][of[p]] * weights[1][by[p]];
                all += weight;
                int order = Double.compare(anomalous[of[p]], values[p]);
                higher += weight * (order + 1) / 2.0;
              }
              double area =
                  ranking
                      .performance(
                          i ->
                              i < a
                                  ? weights[0][i]
                                  : (long) weights[0][of[i - a]] * weights[1][by[i - a]])
                      .area();
              return new double[] {area, all == 0 ? Double.NaN : higher / all};
            });
    return new SamePlace(estimates.get(0), estimates.get(1), count);
  }
}
