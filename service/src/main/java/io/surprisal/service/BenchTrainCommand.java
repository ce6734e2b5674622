package io.surprisal.service;

import ai.djl.Device;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.TrainingSpeed;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code surprisal bench train}: optimiser steps. */
@Command(name = "train", description = "Times the optimiser steps of a fit.")
final class BenchTrainCommand implements Callable<Integer> {

  @Mixin private BenchNetwork network;

  @Option(names = "--batch", paramLabel = "B", description = "Images a step.")
  private Optional<Integer> batch = Optional.empty();

  @Mixin private DeviceOption device;

  @Mixin private final Output output;

  BenchTrainCommand(Invocation invocation) {
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      String device,
      int threads,
      int parameters,
      int batch,
      BenchNetwork.Timing millisPerImage,
      double imagesPerSecond) {}

  @Override
  public Integer call() throws IOException {
    int threads = network.prepare();
    ModelConfiguration model = network.model();
    FitConfiguration fit =
        network.configuration(batch.map(b -> Map.of("batch", b)).orElse(Map.of()));
    Device where = device.device();
    BenchNetwork.Timing timing;
    try (TrainingSpeed speed =
        new TrainingSpeed(model, fit, new RandomImages(model, fit.batch()), where)) {
      timing = network.time(speed::step);
    }
    Result result =
        new Result(
            Machine.here(),
            where.toString(),
            threads,
            ParameterLayout.of(model).size(),
            fit.batch(),
            timing,
            1000 / timing.median());
    output.print(
        result,
        new Table("batch", "ms/image median", "min", "images/s")
            .row(fit.batch(), timing.median(), timing.min(), result.imagesPerSecond()));
    return 0;
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
