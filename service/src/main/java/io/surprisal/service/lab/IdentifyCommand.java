package io.surprisal.service.lab;

import io.surprisal.model.datasets.PassedOver;
import io.surprisal.model.datasets.PictureFolder;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ImageSource;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code surprisal identify}: what the stream would make of files. */
@Command(
    name = "identify",
    description = {
      "Says what the stream would make of each file: whether it is accepted, what had to be"
          + " repaired, or why it would be a dead letter. Needs neither Kafka nor a release.",
      "With --release it also says what that release makes of it."
    },
    footer = {
      "",
      "--json prints an object a line with the fields file, accepted, format, width, height,"
          + " channels, bits, repairs, reason and becomes. Channels and bits are as the file stores"
          + " them; what does not apply is null.",
      "The exit code is 0 when all files are accepted, repaired or not, and 1 when one is refused."
    })
final class IdentifyCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description =
          "Files of any kind, and folders, from which those that are named as PNG, JPEG, TIFF or"
              + " BMP are taken, at any depth; of IDX and CIFAR files the first image tells of all.")
  private List<Path> paths = List.of();

  @Option(
      names = "--release",
      paramLabel = "FILE",
      description =
          "The release that is to take them (default: none; files are understood as by a new one).")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--max-image-bytes",
      paramLabel = "BYTES",
      defaultValue = "" + ImageSizeLimit.DEFAULT_BYTES,
      description = "The largest image that the topics were made for (default: ${DEFAULT-VALUE}).")
  private int maxImageBytes;

  @Mixin private final Output output;

  private final Table table = new Table("file", "format", "size", "samples", "verdict");
  private int accepted;
  private int repaired;
  private int refused;

  IdentifyCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws IOException {
    Usage.require(
        spec,
        maxImageBytes >= 1 && maxImageBytes <= ImageSizeLimit.MOST_BYTES,
        "--max-image-bytes is %d, must be 1 to %d"
            .formatted(maxImageBytes, ImageSizeLimit.MOST_BYTES));
    Optional<Preprocessing> preprocessing = Optional.empty();
    if (release.isPresent()) {
      Release loaded = ReleaseFiles.load(release.get());
      preprocessing = Optional.of(loaded.preprocessing());
    }
    FileIdentifier identifier = new FileIdentifier(preprocessing, maxImageBytes);
    List<Supplier<Identification>> files = new ArrayList<>();
    PassedOver ignored = PassedOver.NONE;
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        PictureFolder folder = PictureFolder.look(path);
        ignored = ignored.and(folder.passedOver());
        for (Path file : folder.files()) {
          String name = path.relativize(file).toString();
          files.add(() -> identifier.identify(file, new ImageSource.Encoded(file, name)));
        }
      } else if (Files.exists(path)) {
        files.add(() -> identifier.identify(path));
      } else {
        throw new NoSuchFileException(path.toString());
      }
    }
    try (Progress progress = invocation.progress("identify", files.size(), "files")) {
      for (Supplier<Identification> file : files) {
        if (invocation.stop().requested() || output.closed()) {
          break;
        }
        say(file.get());
        progress.step();
      }
    }
    summarise(ignored, files.size());
    return refused == 0 ? 0 : Failure.FAILED;
  }

  private void say(Identification file) {
    accepted += file.accepted() ? 1 : 0;
    repaired += file.accepted() && !file.repairs().isEmpty() ? 1 : 0;
    refused += file.accepted() ? 0 : 1;
    if (output.json()) {
      output.printLine(file, "");
    } else {
      table.row(
          Printable.text(file.file()),
          file.format() == null ? "" : file.format(),
          file.size(),
          file.samples(),
          Printable.text(file.verdict()));
    }
  }

  private void summarise(PassedOver ignored, int of) {
    if (!output.json()) {
      table.print(invocation.out());
    }
    (output.json() ? invocation.err() : invocation.out())
        .println(
            "%d accepted%s, %d refused%s"
                .formatted(
                    accepted,
                    repaired == 0 ? "" : " (" + repaired + " repaired)",
                    refused,
                    ignored.isEmpty() ? "" : ", ignored " + ignored));
    if (accepted + refused < of) {
      invocation
          .err()
          .printf("surprisal: stopped early, after %d of %d files%n", accepted + refused, of);
    }
  }
}
