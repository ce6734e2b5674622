package io.surprisal.service.bench;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ConfigurationOption;
import io.surprisal.service.options.ReleaseFiles;
import io.surprisal.service.options.SyntheticImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which network a benchmark of the network alone runs, on how many threads and how often. */
final class NetworkOptions {
  private static final String DEFAULT_SHAPE = "1x28x28";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--release",
      paramLabel = "FILE",
      description = "Take the network of this release instead of --config and --image.")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--image",
      paramLabel = "CxHxW",
      description = "Channels, height and width of an image (default: 1x28x28).")
  private Optional<String> image = Optional.empty();

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Threads of one operator (default: all cores; for training 1, without dropout).")
  private int threads;

  @Option(
      names = "--repeats",
      defaultValue = "20",
      paramLabel = "N",
      description = "Measured passes, after two to warm up (default: ${DEFAULT-VALUE}).")
  private int repeats;

  @Mixin private ConfigurationOption configuration;

  /**
   * Sets the threads of one operator, before the engine starts.
   *
   * @param otherwise how many, unless the user says so
   */
  int prepare(int otherwise) {
    Usage.require(command, repeats >= 1, "--repeats is " + repeats + ", must be at least 1");
    Usage.require(command, threads >= 0, "--threads is " + threads + ", must be at least 1");
    int count = threads == 0 ? otherwise : threads;
    TorchRuntime.preferOperatorThreads(count);
    return count;
  }

  /** The configuration that the user names, with what the caller says of its training. */
  FitConfiguration configuration(Map<String, ?> more) throws IOException {
    return configuration.read(more);
  }

  /** The model of the release, or of the configuration and the image's shape. */
  ModelConfiguration model() throws IOException {
    if (release.isPresent()) {
      Usage.require(
          command,
          image.isEmpty() && !configuration.given(),
          "--release brings its network and its images: leave out --image, --config and --set");
      return ReleaseFiles.load(release.get()).configuration();
    }
    ImageShape shape =
        SyntheticImages.parse(command.commandLine(), image.orElse(DEFAULT_SHAPE)).shape();
    FitConfiguration fit = configuration(Map.of());
    try {
      return fit.model(shape);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  /** How often a pass is measured. */
  Passes passes() {
    return new Passes(repeats);
  }
}
