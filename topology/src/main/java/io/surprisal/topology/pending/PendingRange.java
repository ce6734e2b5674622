package io.surprisal.topology.pending;

import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * The images of a partition that were read and have no result yet. They lie close together: of all
 * records between the first and the last, those of aborted transactions and the transactions'
 * markers alone are no such images.
 *
 * @param first offset of the first image
 * @param last offset of the last image, at least {@code first}
 * @param images how many they are, at least 1; tells a hole in the offsets from a deleted image
 */
public record PendingRange(long first, long last, int images) {

  private static final int BYTES = Long.BYTES + Long.BYTES + Integer.BYTES;

  public PendingRange {
    if (first < 0 || images < 1 || images - 1 > last - first) {
      throw new IllegalArgumentException(
          images + " images cannot lie at offsets " + first + " to " + last);
    }
  }

  /** 20 bytes: the three numbers in their order, big-endian. */
  public static Serde<PendingRange> serde() {
    return Serdes.serdeFrom(
        (topic, range) -> range == null ? null : range.encode(),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  private byte[] encode() {
    return ByteBuffer.allocate(BYTES).putLong(first).putLong(last).putInt(images).array();
  }

  private static PendingRange decode(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new SerializationException(
          "a range of pending images has " + BYTES + " bytes, not " + bytes.length);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new PendingRange(buffer.getLong(), buffer.getLong(), buffer.getInt());
  }
}
