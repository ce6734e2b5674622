package io.surprisal.service.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * How long the answers to one kind of question took, as who asks sees it, milliseconds.
 *
 * @param kind what was asked for
 * @param answers as they should be
 * @param refused answers that say that it is not possible, and questions without an answer
 * @param p50 median of all
 * @param p99 99th percentile
 * @param longest of all
 */
record ResponseTimes(
    String kind, int answers, int refused, double p50, double p99, double longest) {

  /** What is noted while questions are asked. Thread-safe. */
  static final class Notes {
    private final String kind;
    private final List<Double> millis = new ArrayList<>();
    private int refused;

    Notes(String kind) {
      this.kind = kind;
    }

    synchronized void answered(double millis, boolean asItShouldBe) {
      this.millis.add(millis);
      if (!asItShouldBe) {
        refused++;
      }
    }

    synchronized ResponseTimes summed() {
      double[] ascending = millis.stream().mapToDouble(m -> m).sorted().toArray();
      return new ResponseTimes(
          kind,
          ascending.length - refused,
          refused,
          Latencies.percentile(ascending, 0.5),
          Latencies.percentile(ascending, 0.99),
          Latencies.percentile(ascending, 1));
    }
  }
}
