package io.surprisal.model.compression;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The record that brought a picture; the label of the picture in an archive of a stream.
 *
 * @param partition of the topic
 * @param offset in the partition
 * @param timestamp of the record, milliseconds since 1970
 * @param eventTime when the picture was taken, milliseconds since 1970
 * @param source that it came from
 */
public record StreamedPicture(
    int partition, long offset, long timestamp, long eventTime, String source) {

  /** As a label. */
  public byte[] label() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(partition);
      out.writeLong(offset);
      out.writeLong(timestamp);
      out.writeLong(eventTime);
      out.writeUTF(source);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads {@link #label}.
   *
   * @throws ArchiveException if it is none
   */
  public static StreamedPicture of(byte[] label) throws ArchiveException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(label))) {
      return new StreamedPicture(
          in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readUTF());
    } catch (IOException e) {
      throw new ArchiveException("the archive does not say which record brought a picture", e);
    }
  }
}
