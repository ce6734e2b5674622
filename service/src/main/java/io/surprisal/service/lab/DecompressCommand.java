package io.surprisal.service.lab;

import ai.djl.Device;
import io.surprisal.model.compression.ArchiveFile;
import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.Decompressor;
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
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.ReleaseOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code surprisal decompress}: an archive's images, as they were. */
@Command(
    name = "decompress",
    description = {
      "Gives back the images of an archive that surprisal compress has written.",
      "Before a pixel is written it checks that this machine calculates as the one that compressed."
          + " Of a damaged archive all blocks that are whole come back, the others are named, and"
          + " the exit code is 1."
    })
final class DecompressCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Option(names = "--in", required = true, paramLabel = "ARCHIVE", description = "The archive.")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE|DIR",
      description =
          "What an IDX or CIFAR file was becomes this file (IDX compressed if its name ends in .gz);"
              + " picture files become PNG files in this folder.")
  private Path out;

  @Mixin private final DeviceOption device = new DeviceOption();

  @Mixin private final Output output;

  DecompressCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(int images, int damages, double imagesPerSecond) {}

  @Override
  public Integer call() throws IOException {
    Release loaded = release.load();
    try (ArchiveFile archive = ArchiveFile.open(in)) {
      if (archive.header().form() == ArchiveHeader.Form.PICTURES) {
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
    ArchiveOutput images = ArchiveOutput.of(archive.header().form(), out);
    long start = System.nanoTime();
    try (Progress progress = invocation.progress("decompress", -1, "steps")) {
      damages.addAll(
          new Decompressor(archive, loaded, where)
              .decompress(images, progress::stepTo, invocation.stop()::requested));
    } catch (StoppedException e) {
      invocation.err().println("surprisal: stopped before all images were decoded");
      return Failure.FAILED;
    }
    images.finish();
    double seconds = (System.nanoTime() - start) * 1e-9;
    damages.forEach(damage -> invocation.err().println("surprisal: " + in + ": " + damage));
    long expected = archive.pictures().orElse(images.pictures());
    if (images.pictures() < expected) {
      invocation
          .err()
          .printf("surprisal: %d of %d images came back%n", images.pictures(), expected);
    }
    double rate = images.pictures() / seconds;
    output.print(
        new Result(images.pictures(), damages.size(), rate),
        new Table("images", "damages", "images/s").row(images.pictures(), damages.size(), rate));
    return damages.isEmpty() ? 0 : Failure.FAILED;
  }
}
