package io.surprisal.model.datasets;

import io.surprisal.model.checks.WholeFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * The IDX format of MNIST and its kin: two zero bytes, the element type (08: unsigned byte), the
 * number of dimensions, each dimension as a big-endian int, the elements. Images are [n, height,
 * width] or [n, height, width, channels].
 */
public final class Idx {

  private static final int UNSIGNED_BYTE = 0x08;
  private static final int LONGEST_HEADER = 5 * Integer.BYTES;

  private Idx() {}

  /**
   * Writes a data set as IDX, compressed by gzip if the name ends in {@code .gz}: grey images as
   * [n, height, width], colour as [n, height, width, 3]. What was read from such a file is written
   * as the same bytes (before gzip).
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, ImageDataset images) throws IOException {
    WholeFile.write(file, out -> writeTo(out, isGzipName(file), images));
  }

  /**
   * All bytes of an IDX file of images that holds none: its header; no data set can be made of it.
   *
   * @param file plain or gzip
   * @return empty where the file holds images, or is of another kind
   * @throws IOException if it cannot be read
   */
  public static Optional<byte[]> withoutImages(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      byte[] all = unpacked(in).readNBytes(LONGEST_HEADER + 1);
      int dimensions = all.length < Integer.BYTES ? 0 : all[3];
      if ((dimensions != 3 && dimensions != 4) || all.length != (1 + dimensions) * Integer.BYTES) {
        return Optional.empty();
      }
      ByteBuffer header = ByteBuffer.wrap(all);
      boolean images = header.getInt() == (UNSIGNED_BYTE << 8 | dimensions);
      return images && header.getInt() == 0 ? Optional.of(all) : Optional.empty();
    } catch (ZipException | EOFException damaged) {
      return Optional.empty(); // who opens it as a data set hears of it
    }
  }

  /**
   * Writes an IDX file of no images, compressed by gzip if the name ends in {@code .gz}.
   *
   * @param header of {@link #withoutImages}
   * @throws IOException if the file cannot be written
   */
  public static void writeWithoutImages(Path file, byte[] header) throws IOException {
    WholeFile.write(
        file,
        raw -> {
          try (OutputStream out = isGzipName(file) ? new GZIPOutputStream(raw) : raw) {
            out.write(header);
          }
        });
  }

  /**
   * The labels of a file of labels: [n], unsigned bytes.
   *
   * @param file plain or gzip
   * @throws IOException if it is no such file, is truncated or goes on after the labels, or cannot
   *     be read; the message names the file
   */
  public static byte[] labels(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      DataInputStream content = new DataInputStream(unpacked(in));
      if (content.readInt() != (UNSIGNED_BYTE << 8 | 1)) {
        throw new IOException(file + " is not an IDX file of labels");
      }
      int size = content.readInt();
      byte[] labels = content.readNBytes(Math.max(0, size));
      if (labels.length != size || content.read() != -1) {
        throw new IOException(file + " does not hold the " + size + " labels its header states");
      }
      return labels;
    } catch (ZipException | EOFException damaged) {
      throw new IOException(file + " is truncated or damaged", damaged);
    }
  }

  /** What a file holds, be it plain or gzip. */
  private static InputStream unpacked(InputStream in) throws IOException {
    in.mark(2);
    boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return gzip ? new GZIPInputStream(in) : in;
  }

  private static void writeTo(OutputStream raw, boolean gzip, ImageDataset images)
      throws IOException {
    try (OutputStream packed = gzip ? new GZIPOutputStream(raw) : raw;
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(packed, 1 << 16))) {
      boolean grey = images.channels() == 1;
      out.writeInt(UNSIGNED_BYTE << 8 | (grey ? 3 : 4));
      out.writeInt(images.size());
      out.writeInt(images.height());
      out.writeInt(images.width());
      if (!grey) {
        out.writeInt(images.channels());
      }
      for (int i = 0; i < images.size(); i++) {
        out.write(images.image(i).interleaved());
      }
    }
  }

  private static boolean isGzipName(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
  }

  /**
   * @param file for messages and names
   * @param content the file's content from its first byte, not compressed
   */
  static ImageDataset read(Path file, InputStream content) throws IOException {
    DataInputStream in = new DataInputStream(content);
    try {
      int magic = in.readInt();
      int dimensions = magic & 0xff;
      if (magic == (UNSIGNED_BYTE << 8 | 1)) {
        throw new IOException(
            file
                + " holds labels, not images; give the images file, such as train-images-idx3-ubyte");
      }
      if (magic >>> 8 != UNSIGNED_BYTE || dimensions < 3 || dimensions > 4) {
        throw new IOException(
            "%s is not an IDX file of images: its first four bytes are %08x, not 00000803 or 00000804"
                .formatted(file, magic));
      }
      int size = in.readInt();
      int height = in.readInt();
      int width = in.readInt();
      int channels = dimensions == 4 ? in.readInt() : 1;
      if (size < 1 || height < 1 || width < 1 || (channels != 1 && channels != 3)) {
        throw new IOException(
            "%s holds %d images of height %d, width %d and %d channel(s); needed are at least one image and 1 or 3 channels"
                .formatted(file, size, height, width, channels));
      }
      int length = length(file, size, height, width, channels);
      byte[] samples = in.readNBytes(length);
      if (samples.length < length) {
        throw new EOFException();
      }
      if (in.read() != -1) {
        throw new IOException(file + " goes on after the " + size + " images its header states");
      }
      String name = String.valueOf(file.getFileName());
      return new ImageBlock(size, channels, height, width, samples, 0, true, i -> name + "#" + i);
    } catch (EOFException truncated) {
      throw new IOException(
          file + " ends before the images its header states; it is truncated", truncated);
    }
  }

  private static int length(Path file, int... dimensions) throws IOException {
    try {
      int length = 1;
      for (int dimension : dimensions) {
        length = Math.multiplyExact(length, dimension);
      }
      return length;
    } catch (ArithmeticException tooLarge) {
      throw new IOException(file + " states 2 GiB or more of samples; split it", tooLarge);
    }
  }
}
