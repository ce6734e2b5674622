package io.surprisal.model.decoding;

import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a picture's rows are to be turned (Exif 2.32, tag 0x0112; TIFF 6.0 has the same one), in the
 * order of its values 1 to 8.
 */
enum ExifOrientation {
  UPRIGHT(false, false, false),
  MIRRORED(false, true, false),
  HALF_TURN(false, true, true),
  FLIPPED(false, false, true),
  TRANSPOSED(true, false, false),
  QUARTER_TURN_RIGHT(true, true, false),
  TRANSVERSE(true, true, true),
  QUARTER_TURN_LEFT(true, false, true);

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final int ENTRY = 12;

  /** Whether rows become columns; then columns and rows are reversed. */
  private final boolean swapped;

  private final boolean columnsReversed;
  private final boolean rowsReversed;

  ExifOrientation(boolean swapped, boolean columnsReversed, boolean rowsReversed) {
    this.swapped = swapped;
    this.columnsReversed = columnsReversed;
    this.rowsReversed = rowsReversed;
  }

  /** Of a tag's value; upright for one that means nothing. */
  static ExifOrientation of(int value) {
    return value < 1 || value > 8 ? UPRIGHT : values()[value - 1];
  }

  /**
   * Of metadata as Exif has it: a TIFF's header and its first directory.
   *
   * @return upright where it does not say, or is damaged
   */
  static ExifOrientation of(ByteBuffer metadata) {
    ByteBuffer tiff = metadata.slice();
    if (tiff.remaining() < 8) {
      return UPRIGHT;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (tiff.getShort(2) != 42 || directory < 8 || directory > tiff.limit() - 2) {
      return UPRIGHT;
    }
    int entries = Short.toUnsignedInt(tiff.getShort(directory));
    for (int at = directory + 2; entries > 0 && at <= tiff.limit() - ENTRY; at += ENTRY) {
      if (Short.toUnsignedInt(tiff.getShort(at)) == TAG) {
        return tiff.getShort(at + 2) == SHORT
            ? of(Short.toUnsignedInt(tiff.getShort(at + 8)))
            : UPRIGHT;
      }
      entries--;
    }
    return UPRIGHT;
  }

  /** The size of a picture once it is turned. */
  PictureSize turned(int height, int width) {
    return swapped ? new PictureSize(width, height) : new PictureSize(height, width);
  }

  /** The picture turned; the same object if it is upright. */
  PixelImage turn(PixelImage stored) {
    if (this == UPRIGHT) {
      return stored;
    }
    int width = swapped ? stored.height() : stored.width();
    int height = swapped ? stored.width() : stored.height();
    int area = width * height;
    byte[] pixels = new byte[stored.pixels().length];
    for (int y = 0; y < height; y++) {
      int fromY = rowsReversed ? height - 1 - y : y;
      for (int x = 0; x < width; x++) {
        int fromX = columnsReversed ? width - 1 - x : x;
        int from = swapped ? fromX * stored.width() + fromY : fromY * stored.width() + fromX;
        for (int plane = 0; plane < pixels.length; plane += area) {
          pixels[plane + y * width + x] = stored.pixels()[plane + from];
        }
      }
    }
    return new PixelImage(stored.channels(), height, width, pixels);
  }
}
