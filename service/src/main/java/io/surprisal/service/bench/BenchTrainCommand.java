package io.surprisal.service.bench;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.StageTimes;
import io.surprisal.model.training.TrainingSpeed;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.DeviceOption;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench train}: optimiser steps. */
@Command(name = "train", description = "Times the optimiser steps of a fit.")
final class BenchTrainCommand implements Callable<Integer> {

  @Mixin private BenchNetwork network;

  @Option(names = "--batch", paramLabel = "B", description = "Images a step.")
  private Optional<Integer> batch = Optional.empty();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Parts of a batch side by side. Default: cores / threads; on a GPU 1.")
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
      BenchNetwork.Timing millisPerImage,
      double imagesPerSecond,
      Stages stageMillis) {}

  /** Where the time of a step goes, medians in milliseconds. */
  private record Stages(
      double data, double forward, double backward, double sum, double optimizer, double average) {}

  @Override
  public Integer call() throws IOException {
    FitConfiguration fit =
        network.configuration(batch.map(b -> Map.of("batch", b)).orElse(Map.of()));
    if (workers.orElse(1) < 1) {
      throw new ParameterException(spec.commandLine(), "--workers must be at least 1");
    }
    int threads =
        network.prepare(fit.dropout() > 0 ? Runtime.getRuntime().availableProcessors() : 1);
    ModelConfiguration model = network.model();
    Device where = device.device();
    int side = workers.orElseGet(() -> TorchRuntime.trainingWorkers(where));
    List<StageTimes> steps;
    try (TrainingSpeed speed =
        new TrainingSpeed(model, fit, new RandomImages(model, fit.batch()), where, side)) {
      steps = network.measure(speed::step);
    }
    BenchNetwork.Timing timing =
        BenchNetwork.Timing.of(
            steps.stream().mapToDouble(s -> s.total() * 1e-6 / fit.batch()).toArray());
    Stages stages =
        new Stages(
            median(steps, StageTimes::data),
            median(steps, StageTimes::forward),
            median(steps, StageTimes::backward),
            median(steps, StageTimes::sum),
            median(steps, StageTimes::optimizer),
            median(steps, StageTimes::average));
    Result result =
        new Result(
            Machine.here(),
            where.toString(),
            threads,
            side,
            ParameterLayout.of(model).size(),
            fit.batch(),
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

  private static double median(List<StageTimes> steps, ToLongFunction<StageTimes> stage) {
    return BenchNetwork.Timing.of(
            steps.stream().mapToDouble(s -> stage.applyAsLong(s) * 1e-6).toArray())
        .median();
  }

  /** Images of independent pixels: what a step takes does not depend on what they show. */
  private record RandomImages(ModelConfiguration model, int size) implements ImageDataset {
    @Override
    public int channels() {
      return model.channels();
    }

    @Override
    public int height() {
      return model.height();
    }

    @Override
    public int width() {
      return model.width();
    }

    @Override
    public PixelImage image(int index) {
      byte[] pixels = new byte[model.dimensions()];
      new Random(index).nextBytes(pixels);
      return new PixelImage(model.channels(), model.height(), model.width(), pixels);
    }

    @Override
    public String name(int index) {
      return "random " + index;
    }
  }
}
