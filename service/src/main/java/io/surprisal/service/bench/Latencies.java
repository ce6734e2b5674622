package io.surprisal.service.bench;

import java.util.Arrays;

/**
 * Times from an image's timestamp until its score could be read, milliseconds.
 *
 * @param loadShare offered images a second over the highest throughput
 * @param imagesPerSecond offered
 * @param images measured
 * @param p50 median
 * @param p99 99th percentile
 * @param p999 99.9th percentile
 */
record Latencies(
    double loadShare, double imagesPerSecond, int images, double p50, double p99, double p999) {

  static Latencies of(double loadShare, double imagesPerSecond, double[] millis) {
    double[] ascending = millis.clone();
    Arrays.sort(ascending);
    return new Latencies(
        loadShare,
        imagesPerSecond,
        millis.length,
        percentile(ascending, 0.5),
        percentile(ascending, 0.99),
        percentile(ascending, 0.999));
  }

  /**
   * By rank; NaN of none.
   *
   * @param share within (0, 1]
   */
  static double percentile(double[] ascending, double share) {
    int rank = (int) Math.ceil(share * ascending.length) - 1;
    return ascending.length == 0 ? Double.NaN : ascending[Math.max(0, rank)];
  }
}
