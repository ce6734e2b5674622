package io.surprisal.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.MetricName;
import io.surprisal.topology.records.DeadLetterReason;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What all processors of one topology have done, on all their threads: as counts, and as the
 * metrics of the catalogue. Images of a transaction that was aborted and processed again count
 * twice.
 */
final class StreamMeters {
  /** Sources with a label of their own; those that come later share one. */
  static final int MOST_SOURCES = 50;

  /** Label of the sources beyond. */
  static final String OTHERS = "(others)";

  /** Label of images that name no source. */
  static final String NAMELESS = "(none)";

  /** Longest label of a source, in characters. */
  private static final int LONGEST_LABEL = 100;

  private static final Duration[] BUCKETS =
      Arrays.stream(
              new long[] {
                1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000,
                300_000
              })
          .mapToObj(Duration::ofMillis)
          .toArray(Duration[]::new);

  private final MeterRegistry registry;
  private final LongAdder scored = new LongAdder();
  private final LongAdder alerted = new LongAdder();
  private final LongAdder deadLettered = new LongAdder();
  private final Set<String> sources = ConcurrentHashMap.newKeySet();
  private final Timer latency;
  private final Timer decoding;
  private final Timer scoring;
  private final DistributionSummary evaluations;

  StreamMeters(MeterRegistry registry) {
    this.registry = registry;
    latency = timer(MetricName.LATENCY);
    decoding = timer(MetricName.DECODING);
    scoring = timer(MetricName.SCORING);
    evaluations =
        DistributionSummary.builder(MetricName.EVALUATIONS.id())
            .description(MetricName.EVALUATIONS.description())
            .register(registry);
  }

  private Timer timer(MetricName name) {
    return Timer.builder(name.id())
        .description(name.description())
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  private Counter counter(MetricName name, String... labels) {
    return Counter.builder(name.id())
        .description(name.description())
        .tags(labels)
        .register(registry);
  }

  /** An image was decoded and brought into the network's shape. */
  void decoded(long nanos) {
    decoding.record(Duration.ofNanos(nanos));
  }

  /** The network is done with an image. */
  void evaluated(long nanos, int times) {
    scoring.record(Duration.ofNanos(nanos));
    evaluations.record(times);
  }

  /** A result leaves. */
  void left(long millisSinceTimestamp) {
    latency.record(Duration.ofMillis(Math.max(0, millisSinceTimestamp)));
  }

  void scored(ImageScore score) {
    scored.increment();
    counter(MetricName.IMAGES_SCORED, "source", source(score.getSource())).increment();
    score
        .getRepairs()
        .forEach(
            repair -> counter(MetricName.IMAGES_REPAIRED, "repair", repair.toString()).increment());
  }

  void alerted(AnomalyAlert alert) {
    alerted.increment();
    String source = source(alert.getSource());
    alert
        .getReasons()
        .forEach(
            reason ->
                counter(MetricName.ALERTS, "source", source, "reason", reason.toString())
                    .increment());
  }

  void deadLettered(DeadLetterReason reason) {
    deadLettered.increment();
    counter(MetricName.IMAGES_REFUSED, "reason", reason.name()).increment();
  }

  /** A label of which there are no more than {@value #MOST_SOURCES} and two. */
  private String source(String name) {
    if (name.isEmpty()) {
      return NAMELESS;
    }
    String label = name.length() > LONGEST_LABEL ? name.substring(0, LONGEST_LABEL) : name;
    if (sources.contains(label)) {
      return label;
    }
    synchronized (sources) {
      if (sources.size() >= MOST_SOURCES) {
        return OTHERS;
      }
      sources.add(label);
      return label;
    }
  }

  ScoringCounts snapshot() {
    return new ScoringCounts(scored.sum(), alerted.sum(), deadLettered.sum());
  }
}
