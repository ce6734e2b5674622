package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;

/**
 * What an encoded image may cost. Checked against its header, before any pixel is allocated.
 *
 * @param maxSide largest width and height, pixels
 * @param maxPixels largest width · height
 * @param maxScans most scans of a JPEG; encoders write about ten
 * @param millis processor time that decoding may take, for a picture of up to {@value
 *     #USUAL_PIXELS} pixels, and in proportion for larger ones. It is not measured but estimated
 *     from the header, so that the answer is the same on every machine and at every time
 */
public record DecodingLimits(int maxSide, long maxPixels, int maxScans, int millis) {

  /**
   * Of a sample in each pass over the picture: the JDK's JPEG reader renders it after each scan.
   */
  private static final double NANOS_A_SAMPLE = 3;

  /** Of a byte of entropy-coded data. */
  private static final double NANOS_A_BYTE = 20;

  /** Of a pixel, where an image has as many as the limit allows. */
  private static final int MOST_BITS = 32;

  private static final int DEFAULT_MILLIS = 1000;

  private static final int USUAL_PIXELS = 1 << 23;

  /**
   * @throws IllegalArgumentException if a limit is not positive
   */
  public DecodingLimits {
    if (maxSide < 1 || maxPixels < 1 || maxScans < 1 || millis < 1) {
      throw new IllegalArgumentException(
          "Decoding limits are at least 1, not maxSide %d, maxPixels %d, maxScans %d, millis %d"
              .formatted(maxSide, maxPixels, maxScans, millis));
    }
  }

  /** With a second of processor time. */
  public DecodingLimits(int maxSide, long maxPixels, int maxScans) {
    this(maxSide, maxPixels, maxScans, DEFAULT_MILLIS);
  }

  /**
   * 8,192 pixels a side, 33,554,432 pixels, 32 scans, a second: a photo of 24 megapixels, and what
   * 8 MiB hold at two bits a pixel. Decoding takes about six bytes a pixel, once for each thread
   * that does so.
   */
  public static DecodingLimits defaults() {
    return new DecodingLimits(8192, 1L << 25, 32);
  }

  /** Arguments as a header states them, read as unsigned. */
  void check(long width, long height) throws ImageRejectedException {
    if (width == 0 || height == 0) {
      throw new ImageRejectedException(
          Reason.ZERO_SIZE, "The image has no pixels: its size is " + width + "×" + height);
    }
    if (width > maxSide || height > maxSide || width * height > maxPixels) {
      throw new ImageRejectedException(
          Reason.TOO_LARGE,
          "The image claims %d×%d pixels; the limits are %d a side and %d in all"
              .formatted(width, height, maxSide, maxPixels));
    }
  }

  /** Refuses what takes more memory than an image of 8 bits and 4 channels of the limit's size. */
  void checkDepth(long width, long height, int bitsPerPixel) throws ImageRejectedException {
    if (width * height * bitsPerPixel > MOST_BITS * maxPixels) {
      throw new ImageRejectedException(
          Reason.TOO_LARGE,
          "The image claims %d×%d pixels of %d bits; of those the limit is %d in all"
              .formatted(width, height, bitsPerPixel, MOST_BITS * maxPixels / bitsPerPixel));
    }
  }

  /**
   * Refuses a JPEG whose scans would keep a decoder busy for too long: each goes over the whole
   * picture, however few bytes it has.
   *
   * @param components of the frame
   * @param scans so far
   * @param bytes of the file
   */
  void checkScans(int width, int height, int components, int scans, int bytes)
      throws ImageRejectedException {
    if (scans > maxScans) {
      throw new ImageRejectedException(
          Reason.TOO_MANY_SCANS, "The JPEG has more scans than the limit of " + maxScans);
    }
    double pixels = (double) width * height;
    double estimate = (NANOS_A_SAMPLE * pixels * components * scans + NANOS_A_BYTE * bytes) / 1e6;
    double budget = millis * Math.max(1, pixels / USUAL_PIXELS);
    if (scans > 1 && estimate > budget) {
      throw new ImageRejectedException(
          Reason.TOO_MANY_SCANS,
          "%d scans over a JPEG of %d×%d pixels take about %.1f s to decode, the budget is %.1f s; save it with fewer scans"
              .formatted(scans, width, height, estimate / 1000, budget / 1000));
    }
  }
}
