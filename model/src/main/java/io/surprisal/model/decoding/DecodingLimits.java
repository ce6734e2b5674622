package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;

/**
 * What an encoded image may cost. Checked against its header, before any pixel is allocated.
 *
 * @param maxSide largest width and height, pixels
 * @param maxPixels largest width · height
 * @param maxScans most scans of a JPEG. Each scan goes over the whole image, so that a small file
 *     of many nearly empty scans keeps a decoder busy; encoders write about ten
 */
public record DecodingLimits(int maxSide, long maxPixels, int maxScans) {

  /**
   * @throws IllegalArgumentException if a limit is not positive
   */
  public DecodingLimits {
    if (maxSide < 1 || maxPixels < 1 || maxScans < 1) {
      throw new IllegalArgumentException(
          "Decoding limits are at least 1, not maxSide %d, maxPixels %d, maxScans %d"
              .formatted(maxSide, maxPixels, maxScans));
    }
  }

  /**
   * 8,192 pixels a side, 33,554,432 pixels, 32 scans: a photo of 24 megapixels, and what 8 MiB hold
   * at two bits a pixel. Decoding takes about six bytes a pixel, once for each thread that does so.
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
}
