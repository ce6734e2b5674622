package io.surprisal.model.images;

import io.surprisal.model.checks.WholeFile;
import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** PNG files with the exact samples of an image. */
public final class Png {
  private static final int FILTERS = 5;
  private static final int BUFFER = 1 << 16;

  private Png() {}

  /**
   * Writes an image; the file is whole or not there.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, PixelImage image) throws IOException {
    write(file, buffered(image));
  }

  /** The bytes of an image's file. */
  public static byte[] bytes(PixelImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(buffered(image), "png", new MemoryCacheImageOutputStream(out));
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return out.toByteArray();
  }

  /**
   * Writes a picture; the file is whole or not there.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, RenderedImage image) throws IOException {
    WholeFile.write(file, out -> ImageIO.write(image, "png", out));
  }

  /**
   * What PNG makes of images: bits a dimension of one picture that holds them side by side, so that
   * small images do not pay for a header each. Rows are filtered and compressed as libpng does at
   * its slowest, which the JDK's own writer does not: it leaves grey rows unfiltered.
   *
   * @param images at least one, all of the same shape
   */
  public static double bitsPerDim(List<PixelImage> images) {
    int columns = (int) Math.ceil(Math.sqrt(images.size()));
    PixelImage mosaic = new ImageGrid(columns, 1, 0).arrange(images);
    double dimensions = (double) images.size() * images.get(0).pixels().length;
    return 8 * compressed(filtered(mosaic)) / dimensions;
  }

  /** Each row after the byte of the filter whose differences are smallest (PNG, section 12.7). */
  private static byte[] filtered(PixelImage image) {
    byte[] samples = image.interleaved();
    int row = image.width() * image.channels();
    byte[] all = new byte[image.height() * (row + 1)];
    byte[] best = new byte[row + 1];
    for (int y = 0; y < image.height(); y++) {
      long smallest = Long.MAX_VALUE;
      for (int type = 0; type < FILTERS; type++) {
        byte[] candidate = filtered(samples, y * row, row, image.channels(), type);
        long sum = 0;
        for (int x = 1; x <= row; x++) {
          sum += Math.abs((int) candidate[x]);
        }
        if (sum < smallest) {
          smallest = sum;
          best = candidate;
        }
      }
      System.arraycopy(best, 0, all, y * (row + 1), row + 1);
    }
    return all;
  }

  /** A row under one filter (PNG, section 9.2), the filter's number before it. */
  private static byte[] filtered(byte[] samples, int start, int row, int channels, int type) {
    byte[] out = new byte[row + 1];
    out[0] = (byte) type;
    for (int x = 0; x < row; x++) {
      int at = start + x;
      int left = x >= channels ? samples[at - channels] & 0xff : 0;
      int up = start > 0 ? samples[at - row] & 0xff : 0;
      int corner = x >= channels && start > 0 ? samples[at - row - channels] & 0xff : 0;
      int prediction =
          switch (type) {
            case 0 -> 0;
            case 1 -> left;
            case 2 -> up;
            case 3 -> (left + up) / 2;
            default -> paeth(left, up, corner);
          };
      out[x + 1] = (byte) (samples[at] - prediction);
    }
    return out;
  }

  private static int paeth(int left, int up, int corner) {
    int toLeft = Math.abs(up - corner);
    int toUp = Math.abs(left - corner);
    int toCorner = Math.abs(left + up - 2 * corner);
    if (toLeft <= toUp && toLeft <= toCorner) {
      return left;
    }
    return toUp <= toCorner ? up : corner;
  }

  /** How many bytes deflate makes of it. */
  private static double compressed(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      byte[] out = new byte[BUFFER];
      while (!deflater.finished()) {
        deflater.deflate(out);
      }
      return deflater.getBytesWritten();
    } finally {
      deflater.end();
    }
  }

  /** An image as the JDK draws it: grey, or RGB. */
  public static BufferedImage buffered(PixelImage image) {
    BufferedImage buffered =
        new BufferedImage(
            image.width(),
            image.height(),
            image.channels() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
    buffered.getRaster().setDataElements(0, 0, image.width(), image.height(), image.interleaved());
    return buffered;
  }
}
