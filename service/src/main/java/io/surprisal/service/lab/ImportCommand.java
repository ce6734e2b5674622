package io.surprisal.service.lab;

import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.imports.ImageSize;
import io.surprisal.model.imports.ImportedModel;
import io.surprisal.model.imports.Origin;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal import}: a release from a model that another implementation trained. */
@Command(
    name = "import",
    description = {
      "Writes a release from a model that another implementation trained.",
      "It scores as any other; 'surprisal calibrate' gives it alerts."
    })
final class ImportCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "NAME",
      description =
          "The implementation: vdm-pytorch (addtt/variational-diffusion-models) or vdm-flax"
              + " (google-research/vdm).")
  private Origin from;

  @Option(
      names = "--in",
      required = true,
      paramLabel = "FILE",
      description =
          "Its parameters under its own names as safetensors; Flax's names joined by '/'. Average"
              + " them there if you want the average.")
  private Path in;

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "Its options as JSON, by its own names, with image_shape where it is known.")
  private Path config;

  @Option(
      names = "--image-size",
      paramLabel = "HxW",
      description = "Height and width where the options have no image_shape (default: 32x32).")
  private Optional<String> imageSize = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "Where the release goes.")
  private Path out;

  @Mixin private final Output output;

  ImportCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      String release,
      String id,
      String from,
      int parameters,
      double gammaAtZero,
      double gammaAtOne,
      ModelConfiguration configuration) {}

  @Override
  public Integer call() throws IOException {
    Optional<ImageSize> size = imageSize.map(this::parse);
    OutputFile.require(out, "--out");
    ImportedModel model = ImportedModel.read(from, in, config, size);
    ModelConfiguration c = model.configuration();
    if (model.sizeAssumed()) {
      invocation
          .err()
          .printf(
              "surprisal: %s does not name the images' size; %dx%d is assumed, --image-size names"
                  + " another%n",
              config, c.height(), c.width());
    }
    Release release = model.write(out, in.toString());
    NoiseSchedule schedule = NoiseSchedule.of(c, model.parameters());
    Result result =
        new Result(
            out.toString(),
            release.id(),
            from.toString(),
            model.parameters().length,
            schedule.gammaAtZero(),
            schedule.gammaAtOne(),
            c);
    output.print(
        result,
        new Table("release", "images", "parameters", "schedule", "γ(0)", "γ(1)")
            .row(
                result.release(),
                c.channels() + "×" + c.height() + "×" + c.width(),
                result.parameters(),
                c.schedule(),
                result.gammaAtZero(),
                result.gammaAtOne()));
    return 0;
  }

  private ImageSize parse(String text) {
    try {
      return ImageSize.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--image-size " + e.getMessage(), e);
    }
  }
}
