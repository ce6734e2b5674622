package io.surprisal.service.bench;

import ai.djl.Device;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.DeviceOption;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench forward}: the network alone. */
@Command(
    name = "forward",
    description = "Times the network's forward pass by threads, precision and batch size.")
final class BenchForwardCommand implements Callable<Integer> {
  private static final List<Integer> SWEPT_BATCHES = List.of(1, 4, 16, 64);

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--batches",
      split = ",",
      defaultValue = "32",
      paramLabel = "B",
      description = "Batch sizes (default: ${DEFAULT-VALUE}).")
  private List<Integer> batches;

  @Option(
      names = "--sweep",
      description =
          "All of it in one table: batches of 1, 4, 16 and 64, and operators of 1, 2, 4, … threads up"
              + " to --threads.")
  private boolean sweep;

  @Mixin private NetworkOptions network;

  @Mixin private DeviceOption device;

  @Mixin private final Output output;

  BenchForwardCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      String device,
      int threads,
      int parameters,
      double megaflopsPerImage,
      List<ForwardPassTimes.Row> rows) {}

  @Override
  public Integer call() throws IOException {
    if (sweep) {
      batches = SWEPT_BATCHES;
    }
    if (batches.stream().anyMatch(batch -> batch < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--batches is " + batches + ", must be at least 1 each");
    }
    int threads = network.prepare(Runtime.getRuntime().availableProcessors());
    ModelConfiguration model = network.model();
    Device where = device.device();
    ForwardPassTimes times =
        sweep
            ? ForwardPassTimes.sweeping(threads, model, where, network.passes())
            : ForwardPassTimes.at(threads, model, where, network.passes());
    List<ForwardPassTimes.Row> rows;
    try (Progress progress =
        invocation.progress("bench", times.measurements(batches.size()), "measurements")) {
      rows = times.measure(batches, progress::step);
    }
    Result result =
        new Result(
            Machine.here(),
            where.toString(),
            threads,
            ParameterLayout.of(model).size(),
            ForwardCost.flops(model) * 1e-6,
            rows);
    Table table =
        new Table("threads", "precision", "batch", "ms/image median", "min", "images/s", "GFLOP/s");
    rows.forEach(
        row ->
            table.row(
                row.threads(),
                row.precision(),
                row.batch(),
                row.millisPerImage().median(),
                row.millisPerImage().min(),
                row.imagesPerSecond(),
                row.gigaflopsPerSecond()));
    output.print(result, table);
    return 0;
  }
}
