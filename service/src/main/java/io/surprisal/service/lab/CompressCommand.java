package io.surprisal.service.lab;

import ai.djl.Device;
import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.Compression;
import io.surprisal.model.compression.CompressionSettings;
import io.surprisal.model.compression.Compressor;
import io.surprisal.model.compression.StoppedException;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.CodingOptions;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.ImagesOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseOption;
import io.surprisal.service.options.SeedOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code surprisal compress}: images into an archive, without loss. */
@Command(
    name = "compress",
    description = {
      "Compresses images without loss, by bits-back coding with a release.",
      "surprisal decompress needs the same release, and a machine whose arithmetic gives the same"
          + " bits: the archive says which, and --portable asks for less.",
      "An IDX or CIFAR file comes back byte by byte (IDX without gzip). Of picture files the pixels"
          + " are kept and come back as PNG, those of a JPEG too: not the bytes of the file."
    })
final class CompressCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Mixin
  private final ImagesOption data =
      new ImagesOption(
          "One IDX (also .gz) or CIFAR binary file; or picture files of any sizes (PNG, JPEG, TIFF,"
              + " BMP), or folders of those.");

  @Option(
      names = "--out",
      required = true,
      paramLabel = "ARCHIVE",
      description = "Where the archive goes.")
  private Path out;

  @Mixin private final CodingOptions coding = new CodingOptions();

  @Mixin private final SeedOption seed = new SeedOption("Of the initial bits", 1);

  @Mixin private final LimitOption limit = LimitOption.none();

  @Mixin private final DeviceOption device = new DeviceOption();

  @Mixin private final Output output;

  CompressCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      int images,
      double netBitsPerDim,
      double grossBitsPerDim,
      double boundBitsPerDim,
      double imagesPerSecond) {}

  @Override
  public Integer call() throws IOException {
    coding.require();
    limit.require(1);
    OutputFile.require(out, "--out");
    Release loaded = release.load();
    ArchiveInput.Opened opened = ArchiveInput.open(data.paths(), limit.value());
    int size = opened.pictures().size();
    TorchRuntime.preferOperatorThreads(1);
    Device on = device.device();
    Execution where = new Execution(on, coding.arithmetic().precision(), TorchRuntime.workers(on));
    CompressionSettings settings = coding.settings(size, seed.value());
    long start = System.nanoTime();
    Compression compression;
    try (Progress progress = invocation.progress("compress", -1, "steps");
        Compressor compressor = new Compressor(loaded, where, settings)) {
      compression =
          compressor.compress(
              opened.pictures(),
              opened.origin(),
              out,
              progress::stepTo,
              invocation.stop()::requested);
    } catch (StoppedException e) {
      invocation.err().println("surprisal: stopped; nothing was written");
      return Failure.FAILED;
    }
    print(compression, opened.origin().form(), (System.nanoTime() - start) * 1e-9);
    return complain(size - compression.images());
  }

  private int complain(int leftOut) {
    if (leftOut == 0) {
      return 0;
    }
    invocation
        .err()
        .printf("surprisal: %d pictures are not in the archive, as said above%n", leftOut);
    return Failure.FAILED;
  }

  private void print(Compression c, ArchiveHeader.Form form, double seconds) {
    if (c.tiles() > c.images()) {
      invocation
          .err()
          .printf(
              "surprisal: the %d pictures are %d tiles for the network, some of them padded%n",
              c.images(), c.tiles());
    }
    if (form == ArchiveHeader.Form.PICTURES) {
      invocation
          .err()
          .println("surprisal: the pixels of the pictures are kept, not the bytes of their files");
    }
    Result result =
        new Result(
            c.images(),
            c.netBitsPerDim(),
            c.grossBitsPerDim(),
            c.boundBitsPerDim(),
            c.images() / seconds);
    output.print(
        result,
        new Table("images", "net bits/dim", "gross bits/dim", "bound bits/dim", "bytes", "images/s")
            .row(
                result.images(),
                result.netBitsPerDim(),
                result.grossBitsPerDim(),
                result.boundBitsPerDim(),
                Math.round(c.grossBits() / Byte.SIZE),
                result.imagesPerSecond()));
  }
}
