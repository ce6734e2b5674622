package io.surprisal.service.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.DeviceOption;
import java.io.IOException;
import java.util.ArrayList;
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
      description = "Batch sizes. Default: 32.")
  private List<Integer> batches;

  @Option(
      names = "--sweep",
      description =
          "All of it in one table: batches of 1, 4, 16 and 64, and operators of 1, 2, 4, … threads up"
              + " to --threads.")
  private boolean sweep;

  @Mixin private BenchNetwork network;

  @Mixin private DeviceOption device;

  @Mixin private final Output output;

  BenchForwardCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Row(
      int threads,
      String precision,
      int batch,
      BenchNetwork.Timing millisPerImage,
      double imagesPerSecond,
      double gigaflopsPerSecond) {}

  private record Result(
      Machine machine,
      String device,
      int threads,
      int parameters,
      double megaflopsPerImage,
      List<Row> rows) {}

  @Override
  public Integer call() throws IOException {
    if (sweep) {
      batches = SWEPT_BATCHES;
    }
    if (batches.stream().anyMatch(batch -> batch < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--batches must be at least 1 each, not " + batches);
    }
    int threads = network.prepare(Runtime.getRuntime().availableProcessors());
    ModelConfiguration model = network.model();
    Device where = device.device();
    double flops = ForwardCost.flops(model);
    List<Row> rows = new ArrayList<>();
    List<Integer> counts = sweep ? threadCounts(threads) : List.of(threads);
    long total = 2L * batches.size() * counts.size();
    try (Progress progress = invocation.progress("bench", total, "measurements")) {
      for (int count : counts) {
        if (sweep) {
          TorchRuntime.setOperatorThreads(count);
        }
        for (int batch : batches) {
          for (Precision precision : Precision.values()) {
            BenchNetwork.Timing timing = time(model, new Execution(where, precision), batch);
            rows.add(
                new Row(
                    count,
                    precision.toString(),
                    batch,
                    timing,
                    1000 / timing.median(),
                    flops / timing.median() * 1e-6));
            progress.step();
          }
        }
      }
    }
    Result result =
        new Result(
            Machine.here(),
            where.toString(),
            threads,
            ParameterLayout.of(model).size(),
            flops * 1e-6,
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

  /** Powers of two, and the most. */
  private static List<Integer> threadCounts(int most) {
    List<Integer> counts = new ArrayList<>();
    for (int count = 1; count < most; count *= 2) {
      counts.add(count);
    }
    counts.add(most);
    return counts;
  }

  private BenchNetwork.Timing time(ModelConfiguration model, Execution execution, int batch) {
    float[] noise = new float[batch * model.dimensions()];
    new CounterNoise(1).fillGaussian(0, noise, 0, noise.length);
    float[] levels = new float[batch];
    for (int i = 0; i < batch; i++) {
      levels[i] = (float) (-13 + 18 * (i + 0.5) / batch);
    }
    Shape shape = new Shape(batch, model.channels(), model.height(), model.width());
    try (DiffusionModel loaded =
        new DiffusionModel(model, InitialParameters.draw(model, 1), execution)) {
      return network.time(
          () -> {
            try (NDManager manager = loaded.newManager()) {
              NDArray z = manager.create(noise, shape);
              NDArray gamma = manager.create(levels);
              long start = System.nanoTime();
              loaded.denoiser().predictNoise(z, gamma).toFloatArray();
              return (System.nanoTime() - start) * 1e-6 / batch;
            }
          });
    }
  }
}
