package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * Reads the header of a Windows bitmap before a decoder sees it, and passes on a file of the same
 * pixels with the plainest header: without colour profiles, which a decoder would open, and gaps.
 *
 * <p>All rows must be there. Run lengths, and PNG or JPEG in a bitmap's clothes, are refused.
 */
final class BmpGuard {
  private static final int FILE_HEADER = 14;
  private static final int OS2_HEADER = 12;
  private static final int HEADER = 40;
  private static final int LARGEST_HEADER = 124;
  private static final int PLAIN = 0;
  private static final int BIT_FIELDS = 3;

  private BmpGuard() {}

  static boolean recognises(byte[] encoded) {
    if (encoded.length < FILE_HEADER + 4 || encoded[0] != 'B' || encoded[1] != 'M') {
      return false;
    }
    int header = little(encoded).getInt(FILE_HEADER);
    return header == OS2_HEADER || (header >= HEADER && header <= LARGEST_HEADER);
  }

  static VettedImage vet(byte[] encoded, DecodingLimits limits) throws ImageRejectedException {
    ByteBuffer in = little(encoded);
    int header = in.getInt(FILE_HEADER);
    if (encoded.length < FILE_HEADER + header) {
      throw truncated();
    }
    boolean os2 = header == OS2_HEADER;
    int width = os2 ? Short.toUnsignedInt(in.getShort(18)) : in.getInt(18);
    int down = os2 ? Short.toUnsignedInt(in.getShort(20)) : in.getInt(22);
    int bits = Short.toUnsignedInt(in.getShort(os2 ? 24 : 28));
    int compression = os2 ? PLAIN : in.getInt(30);
    long height = Math.abs((long) down); // below 0: the first row is the top one
    if (width < 0) {
      throw malformed("has a width of " + width);
    }
    limits.check(width, height);
    boolean palette = bits == 1 || bits == 4 || bits == 8;
    boolean fields = compression == BIT_FIELDS && (bits == 16 || bits == 32);
    if (compression != PLAIN && !fields) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED,
          "The BMP is compressed (%s), which is not read; save it uncompressed"
              .formatted(
                  compression == 1 || compression == 2 ? "run lengths" : "kind " + compression));
    }
    if (!palette && bits != 16 && bits != 24 && bits != 32) {
      throw malformed("has " + bits + " bits a pixel");
    }
    byte[] colours = palette ? palette(in, header, os2, bits) : new byte[0];
    byte[] masks = fields ? masks(encoded) : new byte[0];
    int pixels = in.getInt(10);
    long rows = (width * (long) bits + 31) / 32 * 4 * height;
    if (pixels < FILE_HEADER + header || pixels > encoded.length) {
      throw malformed("has its pixels at byte " + Integer.toUnsignedString(pixels));
    }
    if (pixels + rows > encoded.length) {
      throw truncated();
    }
    int offset = FILE_HEADER + HEADER + masks.length + colours.length;
    ByteBuffer out = ByteBuffer.allocate(offset + (int) rows).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 'B').put((byte) 'M').putInt(out.capacity()).putInt(0).putInt(offset);
    out.putInt(HEADER).putInt(width).putInt(down).putShort((short) 1).putShort((short) bits);
    out.putInt(compression).putInt((int) rows).putInt(0).putInt(0);
    out.putInt(colours.length / 4).putInt(0);
    out.put(masks).put(colours).put(encoded, pixels, (int) rows);
    Set<Repair> repairs = EnumSet.noneOf(Repair.class);
    if (encoded.length > Math.max(pixels + rows, Integer.toUnsignedLong(in.getInt(2)))) {
      repairs.add(Repair.BYTES_AFTER_END);
    }
    return new VettedImage(
        ImageFormat.BMP,
        width,
        (int) height,
        palette ? 0 : 3,
        palette ? bits : bits == 16 ? 5 : 8,
        out.array(),
        ExifOrientation.UPRIGHT,
        VettedImage.Ink.LIGHT,
        repairs);
  }

  /** All colours that pixels can name, four bytes each; black where the file has fewer. */
  private static byte[] palette(ByteBuffer in, int header, boolean os2, int bits)
      throws ImageRejectedException {
    int most = 1 << bits;
    int stated = os2 ? 0 : in.getInt(46);
    int colours = stated <= 0 || stated > most ? most : stated;
    int bytes = os2 ? 3 : 4;
    int start = FILE_HEADER + header;
    // Where fewer are stored than stated, the pixels begin earlier.
    int stored = Math.min(colours, Math.max(0, in.getInt(10) - start) / bytes);
    if (start + stored * bytes > in.capacity()) {
      throw truncated();
    }
    byte[] palette = new byte[4 * most];
    for (int i = 0; i < stored; i++) {
      in.get(start + i * bytes, palette, 4 * i, 3);
    }
    return palette;
  }

  private static byte[] masks(byte[] encoded) throws ImageRejectedException {
    int start = FILE_HEADER + HEADER; // behind the plain header, or as part of a longer one
    if (encoded.length < start + 12) {
      throw truncated();
    }
    byte[] masks = Arrays.copyOfRange(encoded, start, start + 12);
    ByteBuffer all = little(masks);
    long red = Integer.toUnsignedLong(all.getInt(0));
    long green = Integer.toUnsignedLong(all.getInt(4));
    long blue = Integer.toUnsignedLong(all.getInt(8));
    if (!isMask(red)
        || !isMask(green)
        || !isMask(blue)
        || (red & green) != 0
        || (red & blue) != 0
        || (green & blue) != 0) {
      throw malformed("has colour masks that overlap, are empty or have gaps");
    }
    return masks;
  }

  /** One run of at most eight ones. */
  private static boolean isMask(long mask) {
    return mask != 0
        && Long.bitCount(mask) <= 8
        && Long.numberOfLeadingZeros(mask) + Long.bitCount(mask) + Long.numberOfTrailingZeros(mask)
            == Long.SIZE;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ImageRejectedException truncated() {
    return new ImageRejectedException(Reason.TRUNCATED, "The BMP ends before its last row");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The BMP " + what);
  }
}
