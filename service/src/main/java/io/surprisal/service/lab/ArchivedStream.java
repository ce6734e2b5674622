package io.surprisal.service.lab;

import io.surprisal.model.compression.ArchiveFile;
import io.surprisal.model.compression.StreamOrigin;
import io.surprisal.model.compression.UsedRecords;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What {@code decompress --json} says of an archive of a stream.
 *
 * @param ranges offsets that it has used up, by partition; with those refused and lost empty where
 *     the archive's end is missing
 */
record ArchivedStream(
    String cluster,
    String topicId,
    String topic,
    List<UsedRecords.Range> ranges,
    List<UsedRecords.Refused> refused,
    List<UsedRecords.Lost> lost,
    List<Entry> records) {

  /**
   * An image that came back.
   *
   * @param file that holds it now
   * @param eventTime when it was taken, as ISO 8601 has it
   * @param timestamp of its record, likewise
   */
  record Entry(
      String file,
      int partition,
      long offset,
      String imageId,
      String source,
      String eventTime,
      String timestamp) {}

  static ArchivedStream of(ArchiveFile archive, List<Entry> records) throws IOException {
    StreamOrigin origin = StreamOrigin.of(archive.header().origin());
    Optional<UsedRecords> used = archive.usedRecords();
    return new ArchivedStream(
        origin.cluster(),
        origin.topicId(),
        origin.topic(),
        used.map(UsedRecords::ranges).orElse(List.of()),
        used.map(UsedRecords::refused).orElse(List.of()),
        used.map(UsedRecords::lost).orElse(List.of()),
        records);
  }
}
