package io.surprisal.service.lab;

import io.surprisal.model.diffusion.AncestralSampler;
import io.surprisal.model.diffusion.AncestralSampler.Sample;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.images.ImageGrid;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ReleaseOption;
import io.surprisal.service.options.SeedOption;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal sample}: images that a release makes up. */
@Command(
    name = "sample",
    description = {
      "Draws images from a release's model, by ancestral sampling.",
      "They show what the model takes for normal; of a release that sees pictures by tiles they are"
          + " tiles. Sample i of a seed stays the same however many are drawn."
    })
final class SampleCommand implements Callable<Integer> {
  /** Columns of a denoising path: what the model took the image for, and last the image. */
  private static final int PATH_COLUMNS = 10;

  /** Least side of a drawn sample, pixels, unless told otherwise. */
  private static final int LEGIBLE = 128;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "PNG",
      description = "Where the grid of samples goes.")
  private Path out;

  @Option(
      names = "--count",
      defaultValue = "16",
      paramLabel = "N",
      description = "How many samples (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--timesteps",
      defaultValue = "250",
      paramLabel = "T",
      description = "Evaluations of the network a sample (default: ${DEFAULT-VALUE}).")
  private int timesteps;

  @Mixin private final SeedOption seed = new SeedOption("Of the noise", 1);

  @Option(
      names = "--clip",
      description = "Hold what the model takes the image for within black and white at every step.")
  private boolean clip;

  @Option(
      names = "--path",
      paramLabel = "PNG",
      description =
          "Also write how the samples came about: one row a sample, what the model took the image"
              + " for from pure noise on, and last the sample.")
  private Optional<Path> path = Optional.empty();

  @Option(
      names = "--columns",
      paramLabel = "C",
      description = "Samples a row of the grid (default: as many as rows).")
  private Optional<Integer> columns = Optional.empty();

  @Option(
      names = {"--magnify", "--scale"},
      paramLabel = "N",
      description =
          "Draw every pixel N×N; 1 for samples as they are (default: the least that makes a sample"
              + " 128 pixels a side).")
  private Optional<Integer> magnify = Optional.empty();

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  SampleCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      int samples,
      int timesteps,
      long seed,
      String out,
      String shows,
      int magnified,
      double seconds,
      String precision) {}

  @Override
  public Integer call() throws IOException {
    Usage.require(spec, count >= 1, "--count is " + count + ", must be at least 1");
    Usage.require(spec, timesteps >= 1, "--timesteps is " + timesteps + ", must be at least 1");
    Usage.require(
        spec, columns.orElse(1) >= 1, "--columns is " + columns.orElse(1) + ", must be at least 1");
    Usage.require(
        spec, magnify.orElse(1) >= 1, "--magnify is " + magnify.orElse(1) + ", must be at least 1");
    Usage.require(
        spec,
        !path.map(SampleCommand::normal).equals(Optional.of(normal(out))),
        "--path and --out are the same file");
    OutputFile.requirePng(out, "--out", spec.commandLine());
    path.ifPresent(file -> OutputFile.requirePng(file, "--path", spec.commandLine()));
    Release loaded = release.load();
    Preprocessing shape = loaded.preprocessing();
    if (shape.tiling().isPresent()) {
      invocation
          .err()
          .println("surprisal: the samples are " + shows(shape) + ", not whole pictures");
    }
    int scale = magnify.orElseGet(() -> legible(shape));
    ImageGrid grid = new ImageGrid(columns.orElse((int) Math.ceil(Math.sqrt(count))), scale);
    int pathLength = path.isPresent() ? Math.min(PATH_COLUMNS - 1, timesteps) : 0;
    ImageGrid strip = new ImageGrid(pathLength + 1, scale);
    requireRoom(grid, count, loaded.configuration());
    requireRoom(strip, path.isPresent() ? count * strip.columns() : 1, loaded.configuration());
    Execution where = execution.forRelease(loaded);
    long start = System.nanoTime();
    List<Sample> samples;
    try (DiffusionModel model =
            new DiffusionModel(loaded.configuration(), loaded.parameters(), where);
        Progress progress = invocation.progress("sample", (long) count * timesteps, "steps")) {
      samples =
          new AncestralSampler(model, timesteps, seed.value(), clip)
              .sample(count, pathLength, progress::stepTo, invocation.stop()::requested);
    }
    double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1e3;
    write(samples, grid, strip);
    print(
        new Result(
            samples.size(),
            timesteps,
            seed.value(),
            out.toString(),
            shows(shape),
            scale,
            seconds,
            where.precision().toString()));
    return 0;
  }

  /** How often a pixel is repeated so that a sample is large enough to look at. */
  private static int legible(Preprocessing shape) {
    int side = Math.min(shape.height(), shape.width());
    return Math.max(1, (LEGIBLE + side - 1) / side);
  }

  private static String shows(Preprocessing shape) {
    String size = "%d×%d".formatted(shape.width(), shape.height());
    return shape
        .tiling()
        .map(tiling -> "tiles of %s at scale %s".formatted(size, tiling.scale()))
        .orElse("images of " + size);
  }

  private static Path normal(Path file) {
    return file.toAbsolutePath().normalize();
  }

  private void requireRoom(ImageGrid grid, int images, ModelConfiguration c) {
    try {
      grid.requireRoom(images, c.channels(), c.height(), c.width());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void write(List<Sample> samples, ImageGrid grid, ImageGrid strip) throws IOException {
    if (samples.isEmpty()) {
      return;
    }
    Png.write(out, grid.arrange(samples.stream().map(Sample::image).toList()));
    if (path.isPresent()) {
      List<PixelImage> rows =
          samples.stream()
              .flatMap(sample -> Stream.concat(sample.path().stream(), Stream.of(sample.image())))
              .toList();
      Png.write(path.get(), strip.arrange(rows));
    }
  }

  private void print(Result result) {
    output.print(
        result,
        new Table("samples", "of", "timesteps", "seed", "seconds", "precision", "out")
            .row(
                result.samples(),
                result.shows(),
                result.timesteps(),
                result.seed(),
                result.seconds(),
                result.precision(),
                result.samples() == 0 ? "nothing written" : result.out()));
    if (result.samples() < count) {
      invocation
          .err()
          .printf("surprisal: stopped early, after %d of %d samples%n", result.samples(), count);
    }
  }
}
