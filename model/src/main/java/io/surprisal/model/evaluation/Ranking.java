package io.surprisal.model.evaluation;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Values of two sets in descending order, sorted once for any weights of their members. An alert is
 * a value at or above a threshold; members with the same value are on the same side of every
 * threshold.
 */
final class Ranking {

  /** Of the anomalous ones, that the false alarms are counted at: 19 of 20. */
  private static final int[] CAUGHT = {19, 20};

  /** Share of the normal ones that may alert: 1 of 100. */
  private static final int[] FALSE_ALERTS = {1, 100};

  private final int[] order;
  private final boolean[] anomalous;

  /** Whether the next one in the order has another value. */
  private final boolean[] last;

  /**
   * What a ranking amounts to.
   *
   * @param area under the receiver operating characteristic: the chance that an anomalous value is
   *     larger than a normal one, ties by halves (Mann &amp; Whitney 1947)
   * @param falseAlerts share of the normal ones that alert where 95 % of the anomalous do
   * @param caught largest share of the anomalous ones that alert where at most 1 % of the normal do
   */
  record Performance(double area, double falseAlerts, double caught) {}

  /** Is told of every threshold, from the highest down. */
  @FunctionalInterface
  private interface Threshold {
    void passed(long normalHere, long anomalousHere, long normalAbove, long anomalousAbove);
  }

  /**
   * Ranks.
   *
   * @param values of both sets, none NaN
   * @param anomalous which of them are
   * @throws IllegalArgumentException if a value is NaN
   */
  Ranking(double[] values, boolean[] anomalous) {
    for (double value : values) {
      if (Double.isNaN(value)) {
        throw new IllegalArgumentException("NaN has no rank");
      }
    }
    this.anomalous = anomalous.clone();
    order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> values[i]).reversed())
            .mapToInt(i -> i)
            .toArray();
    last = new boolean[values.length];
    for (int i = 0; i < order.length; i++) {
      last[i] = i + 1 == order.length || values[order[i]] != values[order[i + 1]];
    }
  }

  /** Weighs each member. */
  @FunctionalInterface
  interface Weights {
    long of(int member);
  }

  /** With each member as often as its weight says; NaN where a set has no weight. */
  Performance performance(Weights weights) {
    long normal = 0;
    long others = 0;
    for (int i : order) {
      normal += anomalous[i] ? 0 : weights.of(i);
      others += anomalous[i] ? weights.of(i) : 0;
    }
    if (normal == 0 || others == 0) {
      return new Performance(Double.NaN, Double.NaN, Double.NaN);
    }
    Sums sums = new Sums(normal, others);
    pass(weights, sums);
    return sums.performance();
  }

  /**
   * The receiver operating characteristic, each member once.
   *
   * @return shares of the normal ones and of the anomalous ones that alert, from no alert to all
   */
  double[][] curve() {
    int thresholds = (int) IntStream.range(0, last.length).filter(i -> last[i]).count();
    double[][] curve = new double[2][thresholds + 1];
    int others = (int) IntStream.range(0, anomalous.length).filter(i -> anomalous[i]).count();
    int normal = anomalous.length - others;
    int[] at = {0};
    pass(
        i -> 1,
        (normalHere, anomalousHere, normalAbove, anomalousAbove) -> {
          at[0]++;
          curve[0][at[0]] = (normalAbove + normalHere) / (double) normal;
          curve[1][at[0]] = (anomalousAbove + anomalousHere) / (double) others;
        });
    return curve;
  }

  private void pass(Weights weights, Threshold threshold) {
    long normalAbove = 0;
    long anomalousAbove = 0;
    long normalHere = 0;
    long anomalousHere = 0;
    for (int i = 0; i < order.length; i++) {
      int member = order[i];
      if (anomalous[member]) {
        anomalousHere += weights.of(member);
      } else {
        normalHere += weights.of(member);
      }
      if (last[i]) {
        threshold.passed(normalHere, anomalousHere, normalAbove, anomalousAbove);
        normalAbove += normalHere;
        anomalousAbove += anomalousHere;
        normalHere = 0;
        anomalousHere = 0;
      }
    }
  }

  private static final class Sums implements Threshold {
    private final long normal;
    private final long others;
    private double larger;
    private double falseAlerts = Double.NaN;
    private double caught;

    Sums(long normal, long others) {
      this.normal = normal;
      this.others = others;
    }

    @Override
    public void passed(long normalHere, long anomalousHere, long normalAbove, long anomalousAbove) {
      larger += anomalousHere * (normal - normalAbove - normalHere / 2.0);
      long alarms = normalAbove + normalHere;
      long found = anomalousAbove + anomalousHere;
      if (Double.isNaN(falseAlerts) && found * CAUGHT[1] >= others * CAUGHT[0]) {
        falseAlerts = alarms / (double) normal;
      }
      if (alarms * FALSE_ALERTS[1] <= normal * FALSE_ALERTS[0]) {
        caught = found / (double) others;
      }
    }

    Performance performance() {
      return new Performance(larger / normal / others, falseAlerts, caught);
    }
  }
}
