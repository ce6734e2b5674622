package io.surprisal.service.topics;

import ai.djl.Device;
import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.Compression;
import io.surprisal.model.compression.Compressor;
import io.surprisal.model.compression.StoppedException;
import io.surprisal.model.compression.StreamOrigin;
import io.surprisal.model.compression.UsedRecords;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.CodingOptions;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.ReleaseOption;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal archive}: the stream's images into archives, each once and without loss. */
@Command(
    name = "archive",
    description = {
      "Keeps the images of the stream without loss, in archives as surprisal compress writes them.",
      "Each archive says which offsets it has used up; a further run goes on behind the newest one"
          + " in the folder, whatever ended the run before."
    },
    footer = {
      "",
      "An archive is written when it has --images records or is --roll-after old, and has its name once"
          + " it is whole. At Ctrl-C what is begun is left, and read again by the next run. What"
          + " cannot be archived, such as a record that is no image, is named, and its offset is"
          + " in the archive; the exit code is then 1."
    })
final class ArchiveCommand implements Callable<Integer> {
  private static final long SEED = 1;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final KafkaOptions kafka;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The folder of the archives; made where it lacks.")
  private Path out;

  @Option(
      names = "--images",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Records an archive, at most (default: ${DEFAULT-VALUE}).")
  private int images;

  @Option(
      names = "--roll-after",
      defaultValue = "1h",
      paramLabel = "DURATION",
      description =
          "Write an archive when its oldest image has waited for this long, however few there are,"
              + " for example 10m (default: ${DEFAULT-VALUE}).")
  private Duration rollAfter;

  @Option(
      names = "--from-beginning",
      description =
          "In a folder without archives, begin with the oldest record (default: with what comes from"
              + " now on).")
  private boolean fromBeginning;

  @Option(
      names = "--until-now",
      description = "Archive what the topic holds now, and end (default: go on until Ctrl-C).")
  private boolean untilNow;

  @Mixin private final CodingOptions coding = new CodingOptions();

  @Mixin private final DeviceOption device = new DeviceOption();

  @Mixin private final Output output;

  ArchiveCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints of an archive. */
  private record Written(
      String file,
      int images,
      List<UsedRecords.Range> ranges,
      List<UsedRecords.Refused> refused,
      List<UsedRecords.Lost> lost,
      double netBitsPerDim,
      double grossBitsPerDim,
      long bytes,
      long behind) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    Usage.require(spec, images >= 1, "--images is " + images + ", must be at least 1");
    coding.require();
    Release loaded = release.load();
    String topic = kafka.topics().images();
    StreamOrigin origin =
        new StreamOrigin(kafka.clusterId(), kafka.description(topic).topicId().toString(), topic);
    TorchRuntime.preferOperatorThreads(1);
    Device on = device.device();
    Execution where = new Execution(on, coding.arithmetic().precision(), TorchRuntime.workers(on));
    try (ArchiveFolder folder = ArchiveFolder.take(out, origin);
        OrderlyReader reader = new OrderlyReader(topic, kafka.client(Map.of()));
        Compressor compressor = new Compressor(loaded, where, coding.settings(images, SEED))) {
      return archive(
          folder,
          reader,
          new StreamArchiver(
              reader,
              compressor,
              new Compressor.Origin(ArchiveHeader.Form.STREAM, origin.text()),
              invocation));
    } catch (StoppedException e) {
      return 0; // the file that was begun is gone, and its records are read again
    }
  }

  private int archive(ArchiveFolder folder, OrderlyReader reader, StreamArchiver archiver)
      throws IOException, InterruptedException {
    boolean first = folder.newest().isEmpty();
    begin(folder, reader);
    if (first) { // so that the next run begins here too, whatever becomes of this one
      say(archiver.nothing(folder.nextFile()), reader);
    }
    StreamArchiver.Until until =
        new StreamArchiver.Until(images, rollAfter, untilNow ? reader.ends() : null);
    boolean complete = true;
    for (var archive = archiver.next(folder::nextFile, until);
        archive.isPresent();
        archive = archiver.next(folder::nextFile, until)) {
      complete &= say(archive.get(), reader);
    }
    return complete ? 0 : Failure.FAILED;
  }

  private void begin(ArchiveFolder folder, OrderlyReader reader)
      throws IOException, InterruptedException {
    List<TopicPartition> partitions = kafka.partitions(kafka.topics().images());
    Map<Integer, Long> from = new HashMap<>();
    folder
        .newest()
        .ifPresent(used -> used.ranges().forEach(r -> from.put(r.partition(), r.next())));
    // A partition that the newest archive does not know was added since: all of it is new.
    reader.begin(
        partitions,
        from,
        fromBeginning || !from.isEmpty()
            ? OrderlyReader.Beginning.OLDEST
            : OrderlyReader.Beginning.END);
  }

  /** Prints what an archive holds; whether that is all that it was to hold. */
  private boolean say(StreamArchiver.Archived archive, OrderlyReader reader) {
    Compression c = archive.compression();
    UsedRecords used = archive.used();
    used.lost()
        .forEach(
            lost ->
                invocation
                    .err()
                    .printf(
                        "surprisal archive: offsets %d to %d of partition %d were deleted before they were read; let the topic keep records longer, or archive more often%n",
                        lost.first(), lost.next() - 1, lost.partition()));
    long behind =
        reader.ends().values().stream().mapToLong(Long::longValue).sum()
            - reader.next().values().stream().mapToLong(Long::longValue).sum();
    Written written =
        new Written(
            String.valueOf(archive.file().getFileName()),
            c.images(),
            used.ranges(),
            used.refused(),
            used.lost(),
            c.netBitsPerDim(),
            c.grossBitsPerDim(),
            Math.round(c.grossBits() / Byte.SIZE),
            behind);
    String rates =
        c.images() == 0
            ? ""
            : "  %.4f bits/dim net, %.4f gross".formatted(c.netBitsPerDim(), c.grossBitsPerDim());
    output.printLine(
        written,
        "%s  %d images  %d refused  %d bytes%s  %d records behind"
            .formatted(
                written.file(),
                written.images(),
                used.refused().size(),
                written.bytes(),
                rates,
                behind));
    return used.refused().isEmpty() && used.lost().isEmpty();
  }
}
