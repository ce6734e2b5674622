package io.surprisal.service.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.surprisal.schemas.MetricName;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of one process, by the names of the catalogue alone, with what every process tells of
 * itself. Figures are asked for when they are written. Thread-safe; {@link #close} lets go of what
 * it asks.
 */
public final class ProcessMetrics implements AutoCloseable {
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final int KIBI = 1024;
  private static final double NANOS = 1e9;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final List<Runnable> beforeWriting = new CopyOnWriteArrayList<>();
  private final List<DoubleSupplier> held = new CopyOnWriteArrayList<>();

  /**
   * @param version of this program
   */
  public ProcessMetrics(String version) {
    gauge(MetricName.INFO, () -> 1, version);
    gauge(MetricName.MEMORY_RESIDENT, ProcessMetrics::resident);
    gauge(MetricName.MEMORY_HEAP, () -> heap().getUsed());
    gauge(MetricName.MEMORY_HEAP_MAX, () -> heap().getMax());
    counter(MetricName.PROCESSOR_TIME, ProcessMetrics::processorSeconds);
  }

  /** Where a part that has Micrometer's meters of its own registers them. */
  public MeterRegistry registry() {
    return registry;
  }

  /**
   * A figure that rises and falls.
   *
   * @param value NaN: it is not known now
   * @param labels in the order of the catalogue
   */
  public void gauge(MetricName name, DoubleSupplier value, String... labels) {
    Gauge.builder(name.id(), value, DoubleSupplier::getAsDouble)
        .baseUnit(unit(name))
        .description(name.description())
        .tags(tags(name, labels))
        .strongReference(true)
        .register(registry);
  }

  /**
   * A figure that only rises.
   *
   * @param labels in the order of the catalogue
   */
  public void counter(MetricName name, DoubleSupplier value, String... labels) {
    FunctionCounter.builder(name.id(), value, DoubleSupplier::getAsDouble)
        .baseUnit(unit(name))
        .description(name.description())
        .tags(tags(name, labels))
        .register(registry);
    held.add(value); // which Micrometer does not
  }

  /**
   * A figure of 1 whose labels say what is.
   *
   * @param labels in the order of the catalogue; empty: there is nothing to say now
   */
  public void state(MetricName name, Supplier<Optional<List<String>>> labels) {
    MultiGauge gauge =
        MultiGauge.builder(name.id()).description(name.description()).register(registry);
    beforeWriting.add(
        () ->
            gauge.register(
                labels.get().stream()
                    .map(now -> MultiGauge.Row.of(tags(name, now.toArray(String[]::new)), 1))
                    .toList(),
                true));
  }

  /** All figures, in Prometheus' text format. */
  public String text() {
    beforeWriting.forEach(Runnable::run);
    return registry.scrape();
  }

  private static @Nullable String unit(MetricName name) {
    return name.unit().isEmpty() ? null : name.unit();
  }

  private static Tags tags(MetricName name, String... labels) {
    if (labels.length != name.labels().size()) {
      throw new IllegalArgumentException(
          name + " has labels " + name.labels() + ", not " + labels.length);
    }
    List<String> pairs = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      pairs.add(name.labels().get(i));
      pairs.add(labels[i]);
    }
    return Tags.of(pairs.toArray(String[]::new));
  }

  private static MemoryUsage heap() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
  }

  /** NaN where the system does not tell. */
  private static double resident() {
    try {
      Matcher matcher = RESIDENT.matcher(Files.readString(Path.of("/proc/self/status")));
      return matcher.find() ? Double.parseDouble(matcher.group(1)) * KIBI : Double.NaN;
    } catch (IOException e) {
      return Double.NaN; // not Linux
    }
  }

  private static double processorSeconds() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime() / NANOS
        : Double.NaN;
  }

  @Override
  public void close() {
    registry.close();
    beforeWriting.clear();
    held.clear();
  }
}
