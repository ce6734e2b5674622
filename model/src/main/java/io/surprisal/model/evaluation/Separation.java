package io.surprisal.model.evaluation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * How well a number tells anomalous images from normal ones, the larger the more anomalous.
 *
 * @param auroc area under the receiver operating characteristic: the chance that an anomalous image
 *     has a larger number than a normal one, ties by halves
 * @param fpr95 share of the normal images that alert at the threshold at which 95 % of the
 *     anomalous ones do
 * @param caughtAt1Percent largest share of the anomalous images that alert where at most 1 % of the
 *     normal ones do; of fewer than 100 normal images none may
 */
public record Separation(Estimate auroc, Estimate fpr95, Estimate caughtAt1Percent) {

  /**
   * Of two sets, neither empty.
   *
   * @throws IllegalArgumentException if a set is empty or a number is NaN
   */
  public static Separation of(double[] normal, double[] anomalous, Bootstrap bootstrap) {
    Ranking ranking = ranking(normal, anomalous);
    int n = normal.length;
    List<Estimate> estimates =
        bootstrap.estimates(
            new int[] {n, anomalous.length},
            weights -> {
              Ranking.Performance performance =
                  ranking.performance(i -> i < n ? weights[0][i] : weights[1][i - n]);
              return new double[] {
                performance.area(), performance.falseAlerts(), performance.caught()
              };
            });
    return new Separation(estimates.get(0), estimates.get(1), estimates.get(2));
  }

  /**
   * The area alone.
   *
   * @throws IllegalArgumentException if a set is empty or a number is NaN
   */
  public static double auroc(double[] normal, double[] anomalous) {
    return ranking(normal, anomalous).performance(i -> 1).area();
  }

  /**
   * The receiver operating characteristic.
   *
   * @return {@code [2][thresholds + 1]}: shares of the normal and of the anomalous images that
   *     alert, ascending from 0 to 1
   * @throws IllegalArgumentException if a set is empty or a number is NaN
   */
  public static double[][] curve(double[] normal, double[] anomalous) {
    return ranking(normal, anomalous).curve();
  }

  private static Ranking ranking(double[] normal, double[] anomalous) {
    if (normal.length == 0 || anomalous.length == 0) {
      throw new IllegalArgumentException(
          "%d normal and %d anomalous images cannot be compared"
              .formatted(normal.length, anomalous.length));
    }
    boolean[] which = new boolean[normal.length + anomalous.length];
    Arrays.fill(which, normal.length, which.length, true);
    return new Ranking(
        DoubleStream.concat(Arrays.stream(normal), Arrays.stream(anomalous)).toArray(), which);
  }
}
