package io.surprisal.model.compression;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Which records of a topic an archive has used up: the note at the end of an archive of a stream.
 * What lies in a range was archived, is among those refused or those lost, or is no committed
 * record at all: transactions that were aborted and their marks have offsets too.
 *
 * @param ranges of every partition, in order
 * @param refused that no archive can hold
 * @param lost that the topic had deleted before they were read
 */
public record UsedRecords(List<Range> ranges, List<Refused> refused, List<Lost> lost) {

  /**
   * Offsets of a partition.
   *
   * @param first where the archive before ended
   * @param next first that is not used up
   */
  public record Range(int partition, long first, long next) {}

  /**
   * A record that could not be archived.
   *
   * @param why for people, beginning with the name of a reason
   */
  public record Refused(int partition, long offset, String why) {}

  /**
   * Records that were deleted unread.
   *
   * @param first the first offset of them
   * @param next the first offset that there was
   */
  public record Lost(int partition, long first, long next) {}

  public UsedRecords {
    ranges = List.copyOf(ranges);
    refused = List.copyOf(refused);
    lost = List.copyOf(lost);
  }

  /** As a note. */
  byte[] note() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(ranges.size());
      for (Range range : ranges) {
        out.writeInt(range.partition());
        out.writeLong(range.first());
        out.writeLong(range.next());
      }
      out.writeInt(refused.size());
      for (Refused record : refused) {
        out.writeInt(record.partition());
        out.writeLong(record.offset());
        out.writeUTF(record.why());
      }
      out.writeInt(lost.size());
      for (Lost some : lost) {
        out.writeInt(some.partition());
        out.writeLong(some.first());
        out.writeLong(some.next());
      }
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  static UsedRecords of(byte[] note) throws ArchiveException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(note))) {
      List<Range> ranges = new ArrayList<>();
      for (int count = in.readInt(); count > 0; count--) {
        ranges.add(new Range(in.readInt(), in.readLong(), in.readLong()));
      }
      List<Refused> refused = new ArrayList<>();
      for (int count = in.readInt(); count > 0; count--) {
        refused.add(new Refused(in.readInt(), in.readLong(), in.readUTF()));
      }
      List<Lost> lost = new ArrayList<>();
      for (int count = in.readInt(); count > 0; count--) {
        lost.add(new Lost(in.readInt(), in.readLong(), in.readLong()));
      }
      return new UsedRecords(ranges, refused, lost);
    } catch (IOException e) {
      throw new ArchiveException("the archive does not say which records it has used up", e);
    }
  }
}
