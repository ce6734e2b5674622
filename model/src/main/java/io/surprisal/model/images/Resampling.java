package io.surprisal.model.images;

import java.util.Arrays;

/**
 * Resizes images, separably by axis: a shrinking axis averages the area each new pixel covers, a
 * growing one interpolates linearly between pixel centres. All weights are whole numbers over a
 * common total, so that the result is the same on every machine, and a constant image stays so.
 */
public final class Resampling {

  private Resampling() {}

  /** To a height and a width, at least 1. */
  public static PixelImage resize(PixelImage image, int height, int width) {
    Axis rows = Axis.between(image.height(), height);
    Axis columns = Axis.between(image.width(), width);
    long total = rows.total * columns.total;
    byte[] pixels = new byte[image.channels() * height * width];
    long[] sums = new long[width];
    long[] rowSums = new long[image.height() * width];
    for (int channel = 0; channel < image.channels(); channel++) {
      int plane = channel * image.height() * image.width();
      for (int y = 0; y < image.height(); y++) {
        for (int x = 0; x < width; x++) {
          long[] weights = columns.weights[x];
          int at = plane + y * image.width() + columns.first[x];
          long sum = 0;
          for (int k = 0; k < weights.length; k++) {
            sum += weights[k] * (image.pixels()[at + k] & 0xff);
          }
          rowSums[y * width + x] = sum;
        }
      }
      for (int y = 0; y < height; y++) {
        long[] weights = rows.weights[y];
        Arrays.fill(sums, 0);
        for (int k = 0; k < weights.length; k++) {
          for (int x = 0; x < width; x++) {
            sums[x] += weights[k] * rowSums[(rows.first[y] + k) * width + x];
          }
        }
        for (int x = 0; x < width; x++) {
          pixels[(channel * height + y) * width + x] = (byte) ((sums[x] + total / 2) / total);
        }
      }
    }
    return new PixelImage(image.channels(), height, width, pixels);
  }

  /**
   * For each of the new pixels of an axis, the first old pixel it takes from and the weights of
   * that one and its successors, which add up to {@code total}.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Axis(int[] first, long[][] weights, long total) {

    static Axis between(int from, int to) {
      int[] first = new int[to];
      long[][] weights = new long[to][];
      for (int i = 0; i < to; i++) {
        if (to <= from) {
          // In units of 1/to old pixels the new pixel covers [i·from, (i+1)·from).
          long begin = (long) i * from;
          long end = begin + from;
          first[i] = (int) (begin / to);
          weights[i] = new long[(int) ((end + to - 1) / to) - first[i]];
          for (int k = 0; k < weights[i].length; k++) {
            long pixel = (long) (first[i] + k) * to;
            weights[i][k] = Math.min(end, pixel + to) - Math.max(begin, pixel);
          }
        } else {
          // The new centre lies at ((2i+1)·from − to) / 2to old pixels, held within the image.
          long centre = Math.max(0, Math.min((2L * i + 1) * from - to, 2L * to * (from - 1)));
          first[i] = (int) (centre / (2L * to));
          long beyond = centre % (2L * to);
          weights[i] = beyond == 0 ? new long[] {2L * to} : new long[] {2L * to - beyond, beyond};
        }
      }
      return new Axis(first, weights, to <= from ? from : 2L * to);
    }
  }
}
