package io.surprisal.service.topics;

import io.surprisal.model.compression.ArchivedPicture;
import io.surprisal.model.compression.Compression;
import io.surprisal.model.compression.Compressor;
import io.surprisal.model.compression.OpenArchive;
import io.surprisal.model.compression.StreamedPicture;
import io.surprisal.model.compression.UsedRecords;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Progress;
import io.surprisal.topology.records.DeadLetterReason;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.NotScoredException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * From records to archives: each has the pictures of the records that follow those of the one
 * before, and says so. For one thread.
 */
final class StreamArchiver {
  private static final Interpretation AS_STORED =
      Interpretation.usual().with(Interpretation.Orientation.AS_STORED);
  private static final int LONGEST_REASON = 300;

  private final OrderlyReader reader;
  private final Compressor compressor;
  private final Compressor.Origin origin;
  private final Invocation invocation;
  private final ImageIntake intake = new ImageIntake(DecodingLimits.defaults());

  /** All stay their makers'. */
  StreamArchiver(
      OrderlyReader reader,
      Compressor compressor,
      Compressor.Origin origin,
      Invocation invocation) {
    this.reader = reader;
    this.compressor = compressor;
    this.origin = origin;
    this.invocation = invocation;
  }

  /**
   * When an archive is written.
   *
   * @param records that it has at most
   * @param age of its oldest record, at most
   * @param ends of the partitions, after which there is nothing to do; null: never
   */
  record Until(int records, Duration age, @Nullable Map<Integer, Long> ends) {}

  /** An archive that is whole, and has its name. */
  record Archived(Path file, Compression compression, UsedRecords used) {}

  /** Writes an archive of no records, which says where the next one begins. */
  Archived nothing(Path file) throws IOException {
    try (OpenArchive archive = open(file)) {
      UsedRecords used = new UsedRecords(ranges(reader.next()), List.of(), reader.lost());
      return new Archived(file, archive.finish(used), used);
    }
  }

  /**
   * Writes the next archive, when there are records for it, or some were lost.
   *
   * @param file its name, asked for then
   * @return empty where there is nothing more to do, or the user wants the end
   * @throws io.surprisal.model.compression.StoppedException if the user wants the end while
   *     pictures are encoded
   */
  Optional<Archived> next(Supplier<Path> file, Until until) throws IOException {
    Map<Integer, Long> before = reader.next();
    Optional<ConsumerRecord<byte[], byte[]>> record = Optional.empty();
    while (record.isEmpty() && !reader.hasLost()) {
      if (invocation.stop().requested() || isDone(until)) {
        return Optional.empty();
      }
      record = reader.take();
    }
    Path name = file.get();
    long begun = System.nanoTime();
    List<UsedRecords.Refused> refused = new ArrayList<>();
    try (Progress progress = invocation.progress("archive", -1, "steps");
        OpenArchive archive =
            compressor.open(origin, name, progress::stepTo, invocation.stop()::requested)) {
      if (record.isPresent()) {
        add(record.get(), archive, refused);
      }
      int records = record.isPresent() ? 1 : 0;
      while (records < until.records()
          && System.nanoTime() - begun < until.age().toNanos()
          && !isDone(until)) {
        if (invocation.stop().requested()) {
          return Optional.empty();
        }
        record = reader.take();
        if (record.isPresent()) {
          add(record.get(), archive, refused);
          records++;
          progress.message(records + " of " + until.records() + " records");
        }
      }
      UsedRecords used = new UsedRecords(ranges(before), refused, reader.lost());
      return Optional.of(new Archived(name, archive.finish(used), used));
    }
  }

  private boolean isDone(Until until) {
    return until.ends() != null && reader.hasReached(until.ends());
  }

  private OpenArchive open(Path file) throws IOException {
    return compressor.open(origin, file, (done, all) -> {}, invocation.stop()::requested);
  }

  private List<UsedRecords.Range> ranges(Map<Integer, Long> first) {
    return reader.next().entrySet().stream()
        .map(
            next ->
                new UsedRecords.Range(
                    next.getKey(),
                    first.getOrDefault(next.getKey(), next.getValue()),
                    next.getValue()))
        .toList();
  }

  private void add(
      ConsumerRecord<byte[], byte[]> record, OpenArchive archive, List<UsedRecords.Refused> refused)
      throws IOException {
    ArchivedPicture picture;
    try {
      picture = picture(record);
    } catch (NotScoredException | ImageRejectedException | RecordFormatException e) {
      String why = DeadLetterReason.of(e) + ": " + e.getMessage();
      why = why.length() > LONGEST_REASON ? why.substring(0, LONGEST_REASON) : why;
      refused.add(new UsedRecords.Refused(record.partition(), record.offset(), why));
      invocation
          .err()
          .println(
              "surprisal archive: left out "
                  + Printable.text(
                      "%s-%d at offset %d: %s"
                          .formatted(record.topic(), record.partition(), record.offset(), why)));
      return;
    }
    archive.add(picture);
  }

  private ArchivedPicture picture(ConsumerRecord<byte[], byte[]> record)
      throws NotScoredException, ImageRejectedException {
    ImageEvent event = ImageIntake.event(record.key(), record.value(), record.headers());
    DecodedImage image = intake.decode(record.key(), event, AS_STORED);
    Optional<String> lost = image.stored().beyondEightBits();
    if (lost.isPresent()) {
      throw new ImageRejectedException(
          ImageRejectedException.Reason.UNSUPPORTED, "It has " + lost.get());
    }
    return new ArchivedPicture(
        event.getImageId(),
        new StreamedPicture(
                record.partition(),
                record.offset(),
                record.timestamp(),
                event.getEventTime().toEpochMilli(),
                event.getSource())
            .label(),
        image.pixels());
  }
}
