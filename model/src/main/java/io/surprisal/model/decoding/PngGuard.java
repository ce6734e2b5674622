package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Walks the chunks of a PNG (PNG specification, third edition, section 5) before a decoder sees it.
 *
 * <p>The size is checked against the limits as soon as IHDR is read. Only IHDR, PLTE, tRNS, IDAT
 * and IEND are passed on: text and profile chunks, which a decoder would inflate, never are. The
 * image data must inflate to exactly the length that IHDR implies. Bytes after IEND are ignored, as
 * all decoders do.
 */
public final class PngGuard {

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int TRNS = 0x74524e53;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;

  /** First column, first row, column step and row step of the seven passes of Adam7. */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private PngGuard() {}

  public static boolean recognises(byte[] encoded) {
    return encoded.length >= SIGNATURE.length
        && Arrays.equals(encoded, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  static VettedImage vet(byte[] encoded, DecodingLimits limits) throws ImageRejectedException {
    ByteBuffer in = ByteBuffer.wrap(encoded).position(SIGNATURE.length);
    ByteArrayOutputStream kept = new ByteArrayOutputStream(encoded.length);
    kept.write(encoded, 0, SIGNATURE.length);
    ByteArrayOutputStream deflated = new ByteArrayOutputStream(encoded.length);
    Header header = null;
    for (int type = 0; type != IEND; ) {
      int start = in.position();
      if (in.remaining() < 8) {
        throw truncated("IEND");
      }
      int length = in.getInt();
      type = in.getInt();
      if (length < 0 || in.remaining() < length + 4L) {
        throw truncated("the chunk at byte " + start);
      }
      int body = in.position();
      if (header == null) {
        if (type != IHDR || length != 13) {
          throw malformed("does not begin with an IHDR chunk of 13 bytes");
        }
        header = Header.read(in, limits);
      } else if (type == IHDR) {
        throw malformed("has a second IHDR chunk");
      }
      CRC32 crc = new CRC32();
      crc.update(encoded, start + 4, length + 4);
      if ((int) crc.getValue() != in.getInt(body + length)) {
        throw malformed("has a wrong checksum in the chunk at byte " + start);
      }
      in.position(body + length + 4);
      boolean ancillary = (type & 0x20000000) != 0;
      if (type == IHDR || type == PLTE || type == TRNS || type == IDAT || type == IEND) {
        kept.write(encoded, start, length + 12);
        if (type == IDAT) {
          deflated.write(encoded, body, length);
        }
      } else if (!ancillary) {
        throw new ImageRejectedException(
            Reason.UNSUPPORTED, "The PNG needs a chunk of unknown type at byte " + start);
      }
    }
    if (header == null) {
      throw malformed("does not begin with an IHDR chunk of 13 bytes");
    }
    checkInflatedLength(deflated.toByteArray(), header.inflatedLength());
    return new VettedImage(ImageFormat.PNG, header.width, header.height, kept.toByteArray());
  }

  private static void checkInflatedLength(byte[] deflated, long expected)
      throws ImageRejectedException {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(deflated);
      byte[] discarded = new byte[8192];
      while (!inflater.finished() && inflater.getBytesWritten() <= expected) {
        if (inflater.inflate(discarded) == 0 && !inflater.finished()) {
          throw truncated("its image data");
        }
      }
      if (inflater.getBytesWritten() != expected) {
        throw malformed(
            "has image data that inflates to %s %d bytes instead of %d"
                .formatted(
                    inflater.finished() ? "exactly" : "more than",
                    Math.min(inflater.getBytesWritten(), expected),
                    expected));
      }
    } catch (DataFormatException damaged) {
      throw new ImageRejectedException(
          Reason.MALFORMED, "The PNG's image data does not inflate", damaged);
    } finally {
      inflater.end();
    }
  }

  private static ImageRejectedException truncated(String what) {
    return new ImageRejectedException(Reason.TRUNCATED, "The PNG ends before " + what + " does");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The PNG " + what);
  }

  private record Header(int width, int height, int bitsPerPixel, boolean interlaced) {

    static Header read(ByteBuffer in, DecodingLimits limits) throws ImageRejectedException {
      long width = Integer.toUnsignedLong(in.getInt());
      long height = Integer.toUnsignedLong(in.getInt());
      limits.check(width, height);
      int depth = in.get();
      int colourType = in.get();
      int compression = in.get();
      int filter = in.get();
      int interlace = in.get();
      if (depth == 16) {
        throw new ImageRejectedException(
            Reason.UNSUPPORTED, "The PNG has 16 bits a channel; convert it to 8");
      }
      boolean lowDepth = depth == 1 || depth == 2 || depth == 4;
      int samples =
          switch (colourType) {
            case 0, 3 -> lowDepth || depth == 8 ? 1 : 0;
            case 2 -> depth == 8 ? 3 : 0;
            case 4 -> depth == 8 ? 2 : 0;
            case 6 -> depth == 8 ? 4 : 0;
            default -> 0;
          };
      if (samples == 0 || compression != 0 || filter != 0 || interlace < 0 || interlace > 1) {
        throw malformed(
            "has no valid IHDR: bit depth %d, colour type %d, compression %d, filter %d, interlace %d"
                .formatted(depth, colourType, compression, filter, interlace));
      }
      return new Header((int) width, (int) height, samples * depth, interlace == 1);
    }

    /** A filter byte and the packed samples of each row, of each pass. */
    long inflatedLength() {
      if (!interlaced) {
        return passLength(width, height);
      }
      long length = 0;
      for (int[] pass : ADAM7) {
        length +=
            passLength(
                (width - pass[0] + pass[2] - 1) / pass[2],
                (height - pass[1] + pass[3] - 1) / pass[3]);
      }
      return length;
    }

    private long passLength(int columns, int rows) {
      return columns == 0 || rows == 0 ? 0 : rows * (1 + ((long) columns * bitsPerPixel + 7) / 8);
    }
  }
}
