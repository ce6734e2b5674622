package io.surprisal.service.bench;

import ai.djl.Device;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.DeviceOption;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench train}: optimiser steps. */
@Command(name = "train", description = "Times the optimiser steps of a fit.")
final class BenchTrainCommand implements Callable<Integer> {

  @Mixin private NetworkOptions network;

  @Option(names = "--batch", paramLabel = "B", description = "Images a step.")
  private Optional<Integer> batch = Optional.empty();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Parts of a batch side by side (default: cores / threads; on a GPU 1).")
  private Optional<Integer> workers = Optional.empty();

  @Spec private CommandSpec spec;

  @Mixin private DeviceOption device;

  @Mixin private final Output output;

  BenchTrainCommand(Invocation invocation) {
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      String device,
      int threads,
      int workers,
      int parameters,
      int batch,
      Timing millisPerImage,
      double imagesPerSecond,
      OptimiserSteps.Stages stageMillis) {}

  @Override
  public Integer call() throws IOException {
    FitConfiguration fit =
        network.configuration(batch.map(b -> Map.of("batch", b)).orElse(Map.of()));
    if (workers.orElse(1) < 1) {
      throw new ParameterException(spec.commandLine(), "--workers must be at least 1");
    }
    int threads =
        network.prepare(
            fit.network().dropout() > 0 ? Runtime.getRuntime().availableProcessors() : 1);
    ModelConfiguration model = network.model();
    Device where = device.device();
    int side = workers.orElseGet(() -> TorchRuntime.trainingWorkers(where));
    OptimiserSteps steps = OptimiserSteps.measure(model, fit, where, side, network.passes());
    Timing timing = steps.millisPerImage();
    OptimiserSteps.Stages stages = steps.stageMillis();
    Result result =
        new Result(
            Machine.here(),
            where.toString(),
            threads,
            side,
            ParameterLayout.of(model).size(),
            fit.step().batch(),
            timing,
            1000 / timing.median(),
            stages);
    output.print(
        result,
        new Table(
                "batch",
                "workers",
                "ms/image median",
                "min",
                "images/s",
                "ms/step: data",
                "forward",
                "backward",
                "sum",
                "optimizer",
                "average")
            .row(
                result.batch(),
                result.workers(),
                timing.median(),
                timing.min(),
                result.imagesPerSecond(),
                stages.data(),
                stages.forward(),
                stages.backward(),
                stages.sum(),
                stages.optimizer(),
                stages.average()));
    return 0;
  }
}
