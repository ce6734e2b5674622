package io.surprisal.service;

import io.surprisal.model.images.Idx;
import io.surprisal.model.images.SurfaceCamera;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal camera}: normal images of the demo's camera, to fit a release on. */
@Command(
    name = "camera",
    description = "Writes images of the demo's procedural camera to an IDX file.")
final class CameraCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The IDX file; compressed where its name ends in .gz.")
  private Path out;

  @Option(
      names = "--count",
      defaultValue = "20000",
      paramLabel = "N",
      description = "How many images. Default: 20000.")
  private int count;

  @Option(names = "--seed", defaultValue = "1", paramLabel = "S", description = "Default: 1.")
  private long seed;

  @Option(
      names = "--size",
      defaultValue = "32",
      paramLabel = "PIXELS",
      description = "Rows and columns of an image. Default: 32.")
  private int size;

  @Option(
      names = "--roughness",
      defaultValue = "0",
      paramLabel = "LEVELS",
      description =
          "How much rougher the surfaces are than usual, in grey levels: another normality."
              + " Default: 0.")
  private double roughness;

  @Option(
      names = "--defect-rate",
      defaultValue = "0",
      paramLabel = "SHARE",
      description = "Share of images with a defect. Default: 0.")
  private double defectRate;

  CameraCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws IOException {
    if (count < 1 || size < 16 || size > 1024) {
      throw new ParameterException(
          spec.commandLine(),
          "--count must be at least 1 and --size 16 to 1024, not %d and %d".formatted(count, size));
    }
    if (!(roughness >= 0 && roughness <= 50 && defectRate >= 0 && defectRate <= 1)) {
      throw new ParameterException(
          spec.commandLine(),
          "--roughness must be 0 to 50 and --defect-rate 0 to 1, not %s and %s"
              .formatted(roughness, defectRate));
    }
    OutputFile.require(out, "--out");
    Idx.write(out, new SurfaceCamera(seed, defectRate, size, roughness).frames(0, count));
    invocation.err().printf("surprisal: wrote %d images of %d×%d to %s%n", count, size, size, out);
    return 0;
  }
}
