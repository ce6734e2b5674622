package io.surprisal.service.lab;

import ai.djl.Device;
import io.surprisal.model.compression.ArchiveFile;
import io.surprisal.model.compression.Decompressor;
import io.surprisal.model.compression.PictureRange;
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
import io.surprisal.service.cli.Usage;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal decompress}: an archive's images, as they were. */
@Command(
    name = "decompress",
    description = {
      "Gives back the images of an archive that surprisal compress or archive has written.",
      "Before a pixel is written it checks that this machine calculates as the one that compressed."
          + " Of a damaged archive all blocks that are whole come back, the others are named, and"
          + " the exit code is 1."
    })
final class DecompressCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Option(names = "--in", required = true, paramLabel = "ARCHIVE", description = "The archive.")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE|DIR",
      description =
          "What an IDX or CIFAR file was becomes this file (IDX compressed if its name ends in .gz);"
              + " picture files become PNG files in this folder, and so do images of a stream, as"
              + " partition-offset.png.")
  private Path out;

  @Option(
      names = "--first",
      paramLabel = "N",
      description = "Begin with image N, from 0 on; blocks before it are not decoded (default: 0).")
  private long first;

  @Mixin private final LimitOption limit = LimitOption.none("At most N images");

  @Mixin private final DeviceOption device = new DeviceOption();

  @Mixin private final Output output;

  DecompressCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /**
   * What {@code --json} prints.
   *
   * @param stream of an archive of a stream; else null
   */
  private record Result(
      int images, int damages, double imagesPerSecond, @Nullable ArchivedStream stream) {}

  @Override
  public Integer call() throws IOException {
    Usage.require(spec, first >= 0, "--first is " + first + ", must be at least 0");
    limit.require(0);
    Release loaded = release.load();
    try (ArchiveFile archive = ArchiveFile.open(in)) {
      if (ArchiveOutput.isFolder(archive.header().form())) {
        Files.createDirectories(out);
        WritableDirectory.require(out.toAbsolutePath(), "--out");
      } else {
        OutputFile.require(out, "--out");
      }
      return decompress(archive, loaded);
    }
  }

  private int decompress(ArchiveFile archive, Release loaded) throws IOException {
    TorchRuntime.preferOperatorThreads(1);
    Device on = device.device();
    Execution where =
        new Execution(on, archive.header().arithmetic().precision(), TorchRuntime.workers(on));
    List<String> damages = new ArrayList<>(archive.damages());
    ArchiveOutput images = ArchiveOutput.of(archive.header(), out);
    PictureRange range =
        first == 0 && limit.value() == Integer.MAX_VALUE
            ? PictureRange.ALL
            : new PictureRange(first, limit.value());
    long start = System.nanoTime();
    try (Progress progress = invocation.progress("decompress", -1, "steps")) {
      damages.addAll(
          new Decompressor(archive, loaded, where)
              .decompress(images, range, progress::stepTo, invocation.stop()::requested));
    } catch (StoppedException e) {
      invocation.err().println("surprisal: stopped before all images were decoded");
      return Failure.FAILED;
    }
    images.finish();
    double seconds = (System.nanoTime() - start) * 1e-9;
    damages.forEach(damage -> invocation.err().println("surprisal: " + in + ": " + damage));
    long expected = range.of(archive.pictures().orElse(first + images.pictures()));
    if (images.pictures() < expected) {
      invocation
          .err()
          .printf("surprisal: %d of %d images came back%n", images.pictures(), expected);
    }
    double rate = images.pictures() / seconds;
    output.print(
        new Result(images.pictures(), damages.size(), rate, stream(archive, images)),
        new Table("images", "damages", "images/s").row(images.pictures(), damages.size(), rate));
    return damages.isEmpty() && images.pictures() == expected ? 0 : Failure.FAILED;
  }

  private static @Nullable ArchivedStream stream(ArchiveFile archive, ArchiveOutput images)
      throws IOException {
    return images instanceof ArchiveOutput.Records records
        ? ArchivedStream.of(archive, records.records())
        : null;
  }
}
