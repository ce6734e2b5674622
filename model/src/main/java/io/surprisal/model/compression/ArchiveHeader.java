package io.surprisal.model.compression;

import io.surprisal.model.images.ImageShape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;

/**
 * What an archive says of itself before its blocks: all that a decoder needs beside the release.
 *
 * @param releaseId SHA-256 of the release's file, 64 hexadecimal digits
 * @param tile shape of the network's input
 * @param timesteps T
 * @param batch images that go through the network at once, and messages a block
 * @param arithmetic of the network's output
 * @param seed of the initial bits
 * @param form what the pictures came from
 * @param origin what more is to be known of that: of an IDX file without images its bytes, in
 *     hexadecimal digits; of a stream {@link StreamOrigin}; else empty
 * @param selfCheck digest of the network's output, see {@link SelfCheck}
 * @param machine on which it was written, for people
 */
public record ArchiveHeader(
    String releaseId,
    ImageShape tile,
    int timesteps,
    int batch,
    Arithmetic arithmetic,
    long seed,
    Form form,
    String origin,
    String selfCheck,
    String machine) {

  private static final int HASH = 32;

  /** What pictures came from, and are to become again. */
  public enum Form {
    /** An IDX file of three dimensions if grey, four if in colour. */
    IDX,
    /** A CIFAR binary file; its labels lie beside the pictures. */
    CIFAR,
    /** Picture files with names. */
    PICTURES,
    /** Records of a stream; the label of each picture is a {@link StreamedPicture}. */
    STREAM
  }

  byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.write(HexFormat.of().parseHex(releaseId));
      out.writeByte(tile.channels());
      out.writeInt(tile.height());
      out.writeInt(tile.width());
      out.writeInt(timesteps);
      out.writeShort(batch);
      out.writeByte(arithmetic.ordinal());
      out.writeLong(seed);
      out.writeByte(form.ordinal());
      out.writeUTF(origin);
      out.write(HexFormat.of().parseHex(selfCheck));
      out.writeUTF(machine);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  static ArchiveHeader of(byte[] bytes) throws ArchiveException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      ArchiveHeader header =
          new ArchiveHeader(
              HexFormat.of().formatHex(in.readNBytes(HASH)),
              new ImageShape(in.readUnsignedByte(), in.readInt(), in.readInt()),
              in.readInt(),
              in.readUnsignedShort(),
              value(Arithmetic.values(), in.readUnsignedByte()),
              in.readLong(),
              value(Form.values(), in.readUnsignedByte()),
              in.readUTF(),
              HexFormat.of().formatHex(in.readNBytes(SelfCheck.BYTES)),
              in.readUTF());
      if (header.timesteps < 1 || header.batch < 1) {
        throw new ArchiveException("the archive's header makes no sense");
      }
      return header;
    } catch (IOException | IllegalArgumentException e) {
      throw new ArchiveException("the archive's header cannot be read: " + e.getMessage(), e);
    }
  }

  private static <T> T value(T[] values, int ordinal) {
    if (ordinal >= values.length) {
      throw new IllegalArgumentException("it was written by a newer version");
    }
    return values[ordinal];
  }
}
