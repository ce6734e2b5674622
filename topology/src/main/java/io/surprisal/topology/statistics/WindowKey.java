package io.surprisal.topology.statistics;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * Which images a window of statistics counts.
 *
 * @param start first instant of the window, milliseconds since 1970-01-01T00:00:00Z
 * @param millis length of the window
 * @param releaseId that scored them
 * @param others whether they are of all sources that are too many to be kept apart
 * @param source that they come from; empty of {@code others}
 */
public record WindowKey(long start, long millis, String releaseId, boolean others, String source) {

  /** The window of the sources that are not kept apart. */
  WindowKey ofOthers() {
    return new WindowKey(start, millis, releaseId, true, "");
  }

  /** First instant of the window. */
  Instant from() {
    return Instant.ofEpochMilli(start);
  }

  /** First instant after the window. */
  Instant to() {
    return Instant.ofEpochMilli(start + millis);
  }

  /** The components in their order, as {@link DataOutputStream} writes them. */
  public static Serde<WindowKey> serde() {
    return Serdes.serdeFrom(
        (topic, key) -> key == null ? null : key.encode(),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  private byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(start);
      out.writeLong(millis);
      out.writeUTF(releaseId);
      out.writeBoolean(others);
      out.writeUTF(source);
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static WindowKey decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return new WindowKey(
          in.readLong(), in.readLong(), in.readUTF(), in.readBoolean(), in.readUTF());
    } catch (IOException e) {
      throw new SerializationException("not the key of a window of statistics", e);
    }
  }
}
