package io.surprisal.service.run;

import io.surprisal.schemas.MetricName;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what processes measure. */
@Command(
    name = "metrics",
    description = {
      "List the metrics that scorers, trainers and dashboards tell Prometheus.",
      "They are told at /metrics of what --health names, and of the dashboard's address."
    })
final class MetricsCommand implements Callable<Integer> {
  @Mixin private final Output output;

  MetricsCommand(Invocation invocation) {
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints of each. */
  private record Line(
      String name, String kind, List<String> labels, String of, String description) {
    static Line of(MetricName metric) {
      return new Line(
          metric.exposed(),
          metric.kind().name().toLowerCase(Locale.ROOT),
          metric.labels(),
          metric.where().name().toLowerCase(Locale.ROOT),
          metric.description());
    }
  }

  @Override
  public Integer call() {
    List<Line> lines = Arrays.stream(MetricName.values()).map(Line::of).toList();
    Table table = new Table("name", "kind", "labels", "of", "says");
    for (Line line : lines) {
      table.row(
          line.name(), line.kind(), String.join(" ", line.labels()), line.of(), line.description());
    }
    output.print(lines, table);
    return 0;
  }
}
