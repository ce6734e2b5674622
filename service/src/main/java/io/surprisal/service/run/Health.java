package io.surprisal.service.run;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import org.apache.kafka.common.Metric;

/**
 * How a process that works on the stream is. Orchestrators restart one that is not live, and wait
 * for one that is not ready.
 *
 * @param live whether it can go on by itself; false once only a restart helps
 * @param ready whether it is a member of its group that the broker hears from
 * @param details what to show to people, in order; names in camelCase
 */
record Health(boolean live, boolean ready, Map<String, Object> details) {

  /** Five times as long as Kafka's clients let pass between two heartbeats by default. */
  private static final double LATEST_HEARTBEAT_SECONDS = 15;

  Health {
    details = new LinkedHashMap<>(details);
  }

  /**
   * Seconds since the member that has been silent longest, of those that a process is, told its
   * group that it lives; empty where none is a member, or one has not told it yet.
   *
   * @param metrics of Kafka's clients
   */
  static OptionalDouble secondsSinceHeartbeat(Collection<? extends Metric> metrics) {
    double[] seconds =
        metrics.stream()
            .filter(metric -> metric.metricName().name().equals("last-heartbeat-seconds-ago"))
            .mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue())
            .toArray();
    return DoubleStream.of(seconds).anyMatch(since -> since < 0)
        ? OptionalDouble.empty()
        : DoubleStream.of(seconds).max();
  }

  /**
   * Records of a topic between the positions of the consumers of this process and the end of what
   * is committed; NaN before they know.
   *
   * @param metrics of Kafka's clients
   */
  static double lag(Collection<? extends Metric> metrics, String topic) {
    double[] lags =
        metrics.stream()
            .filter(metric -> metric.metricName().name().equals("records-lag"))
            .filter(metric -> topic.equals(metric.metricName().tags().get("topic")))
            .mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue())
            .filter(lag -> !Double.isNaN(lag))
            .toArray();
    return lags.length == 0 ? Double.NaN : DoubleStream.of(lags).sum();
  }

  /**
   * Whether the broker hears from a member.
   *
   * @param secondsSinceHeartbeat empty: none has been sent yet
   */
  static boolean heard(OptionalDouble secondsSinceHeartbeat) {
    return secondsSinceHeartbeat.isPresent()
        && secondsSinceHeartbeat.getAsDouble() <= LATEST_HEARTBEAT_SECONDS;
  }
}
