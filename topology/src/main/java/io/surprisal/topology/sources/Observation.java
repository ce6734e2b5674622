package io.surprisal.topology.sources;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.kafka.common.errors.SerializationException;

/**
 * What the watch over sources is told of one image: about a hundred bytes, whatever its size.
 *
 * @param partition of the images that it came through
 * @param sent milliseconds of its record's time stamp
 * @param processed milliseconds of the wall clock at which its result was written
 * @param alert whether it raised an alert
 * @param repaired whether its file had to be repaired
 * @param look of its pixels; empty: it became a dead letter
 */
public record Observation(
    int partition,
    long sent,
    long processed,
    boolean alert,
    boolean repaired,
    Optional<FrameLook> look) {

  private static final int VERSION = 1;
  private static final int ALERT = 1;
  private static final int REPAIRED = 2;
  private static final int LOOK = 4;

  /** A version, and the components in their order, as {@link DataOutputStream} writes them. */
  public byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeInt(partition);
      out.writeLong(sent);
      out.writeLong(processed);
      out.writeByte(
          (alert ? ALERT : 0) | (repaired ? REPAIRED : 0) | (look.isPresent() ? LOOK : 0));
      if (look.isPresent()) {
        look.get().write(out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  /**
   * @throws SerializationException if these are the bytes of no observation that this version knows
   */
  public static Observation decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readByte();
      if (version != VERSION) {
        throw new SerializationException(
            "an observation of version %d, this one knows %d; upgrade the scorer"
                .formatted(version, VERSION));
      }
      int partition = in.readInt();
      long sent = in.readLong();
      long processed = in.readLong();
      int flags = in.readByte();
      return new Observation(
          partition,
          sent,
          processed,
          (flags & ALERT) != 0,
          (flags & REPAIRED) != 0,
          (flags & LOOK) != 0 ? Optional.of(FrameLook.read(in)) : Optional.empty());
    } catch (IOException e) {
      throw new SerializationException("not an observation", e);
    }
  }
}
