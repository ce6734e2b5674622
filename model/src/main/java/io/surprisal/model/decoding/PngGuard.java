package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Walks the chunks of a PNG (PNG specification, third edition, section 5) before a decoder sees it.
 *
 * <p>The size is checked against the limits as soon as IHDR is read. Only IHDR, PLTE, tRNS and the
 * image data are passed on: text and profile chunks, which a decoder would inflate, never are; of
 * eXIf the orientation is read. The image data must inflate to the length that IHDR implies; a
 * little more is passed over and said, as are foreign bytes between chunks. What follows the image
 * data may be missing.
 */
final class PngGuard {

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int TRNS = 0x74524e53;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;
  private static final int EXIF = 0x65584966;

  /** Apple's tools write it: without zlib's header, blue first. */
  private static final int CGBI = 0x43674249;

  /** Bytes of rows that no pixel needs, at most. More is no slip of an encoder. */
  private static final int MOST_SURPLUS = 1 << 16;

  /** Foreign bytes between two chunks, at most. More is no slip of a cable. */
  private static final int MOST_FOREIGN = 4096;

  /** Of a chunk without its body. */
  private static final int CHUNK = 12;

  /** So many times the file's length is read at most in search of chunks behind foreign bytes. */
  private static final int LOOKS = 4;

  /** First column, first row, column step and row step of the seven passes of Adam7. */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private final byte[] encoded;
  private final ByteBuffer in;
  private final DecodingLimits limits;
  private final ByteArrayOutputStream kept;
  private final ByteArrayOutputStream deflated;
  private final Set<Repair> repairs = EnumSet.noneOf(Repair.class);
  private long looked;
  private @Nullable Header header;
  private ExifOrientation orientation = ExifOrientation.UPRIGHT;

  private PngGuard(byte[] encoded, int start, DecodingLimits limits) {
    this.encoded = encoded;
    this.limits = limits;
    in = ByteBuffer.wrap(encoded).position(start + SIGNATURE.length);
    kept = new ByteArrayOutputStream(encoded.length);
    deflated = new ByteArrayOutputStream(encoded.length);
  }

  /** Whether a PNG begins at a place. */
  static boolean recognises(byte[] encoded, int at) {
    return encoded.length >= at + SIGNATURE.length
        && Arrays.equals(encoded, at, at + SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  /**
   * Checks a PNG.
   *
   * @param start where it begins
   */
  static VettedImage vet(byte[] encoded, int start, DecodingLimits limits)
      throws ImageRejectedException {
    return new PngGuard(encoded, start, limits).vet();
  }

  private VettedImage vet() throws ImageRejectedException {
    kept.writeBytes(SIGNATURE);
    boolean ended = false;
    while (!ended) {
      if (!isChunk(in.position())) {
        skipForeign();
      }
      int start = in.position();
      if (!isChunk(start)) {
        requirePicture(start);
        repairs.add(Repair.NO_END_MARKER); // whether the image data is whole, its own checksum says
        in.position(in.limit());
        break;
      }
      int length = in.getInt();
      int type = in.getInt();
      take(type, start, length);
      ended = type == IEND;
    }
    Header of = require(header);
    checkInflatedLength(of.inflatedLength());
    if (in.hasRemaining()) {
      repairs.add(Repair.BYTES_AFTER_END);
    }
    write(IDAT, deflated.toByteArray());
    write(IEND, new byte[0]);
    return new VettedImage(
        ImageFormat.PNG,
        of.width,
        of.height,
        of.palette ? 0 : of.samples,
        of.depth,
        kept.toByteArray(),
        orientation,
        VettedImage.Ink.LIGHT,
        repairs);
  }

  /** Whether a chunk can begin at a place: its type is letters, and its length fits. */
  private boolean isChunk(int at) {
    int room = encoded.length - at - CHUNK;
    if (room < 0 || in.getInt(at) < 0 || in.getInt(at) > room) {
      return false;
    }
    for (int i = at + 4; i < at + 8; i++) {
      int letter = encoded[i] | 0x20;
      if (letter < 'a' || letter > 'z') {
        return false;
      }
    }
    return true;
  }

  /** Refuses a file of which all that came before a place is no picture. */
  private void requirePicture(int start) throws ImageRejectedException {
    boolean more = in.remaining() >= CHUNK;
    if (deflated.size() > 0 && !(more && in.getInt(start + 4) == IDAT)) {
      return;
    }
    int length = more ? in.getInt(start) : -1;
    throw length < 0 || length > in.remaining() - CHUNK
        ? truncated(in.remaining() < 8 ? "IEND" : "the chunk at byte " + start)
        : malformed("has foreign bytes where a chunk belongs, at byte " + start);
  }

  /** Goes to the next whole chunk, if one begins soon; else nowhere. */
  private void skipForeign() {
    int last = Math.min(in.position() + MOST_FOREIGN, encoded.length - CHUNK);
    for (int at = in.position() + 1; at <= last && looked <= LOOKS * (long) encoded.length; at++) {
      if (isChunk(at)) {
        int length = in.getInt(at);
        looked += length;
        if (checksum(at, length) == in.getInt(at + 8 + length)) {
          repairs.add(Repair.BYTES_BEFORE_MARKER);
          in.position(at);
          return;
        }
      }
    }
  }

  private int checksum(int start, int length) {
    CRC32 crc = new CRC32();
    crc.update(encoded, start + 4, length + 4);
    return (int) crc.getValue();
  }

  private void take(int type, int start, int length) throws ImageRejectedException {
    int body = in.position();
    if (header == null) {
      if (type == CGBI) {
        throw new ImageRejectedException(
            Reason.UNSUPPORTED, "The PNG is in Apple's own variant (CgBI); convert it");
      }
      if (type != IHDR || length != 13) {
        throw malformed("does not begin with an IHDR chunk of 13 bytes");
      }
      header = Header.read(in, limits);
    } else if (type == IHDR) {
      throw malformed("has a second IHDR chunk");
    }
    boolean ancillary = (type & 0x20000000) != 0;
    boolean needed = type == IHDR || type == PLTE || type == TRNS || type == IDAT;
    if (!needed && !ancillary && type != IEND) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED,
          "The PNG needs a chunk of unknown type %s at byte %d".formatted(name(start + 4), start));
    }
    if (checksum(start, length) != in.getInt(body + length)) {
      if (needed) {
        throw malformed("has a wrong checksum in the chunk at byte " + start);
      }
      repairs.add(Repair.WRONG_CHECKSUM);
    } else if (type == EXIF) {
      orientation = ExifOrientation.of(in.slice(body, length));
    }
    in.position(body + length + 4);
    if (type == IDAT) {
      deflated.write(encoded, body, length);
    } else if (needed) {
      kept.write(encoded, start, length + 12);
    }
  }

  private String name(int at) {
    return new String(encoded, at, 4, StandardCharsets.ISO_8859_1).replaceAll("[^A-Za-z]", "?");
  }

  private void write(int type, byte[] body) {
    ByteBuffer chunk = ByteBuffer.allocate(body.length + 12);
    chunk.putInt(body.length).putInt(type).put(body);
    CRC32 crc = new CRC32();
    crc.update(chunk.array(), 4, body.length + 4);
    kept.writeBytes(chunk.putInt((int) crc.getValue()).array());
  }

  private void checkInflatedLength(long expected) throws ImageRejectedException {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(deflated.toByteArray());
      byte[] discarded = new byte[8192];
      while (!inflater.finished() && inflater.getBytesWritten() <= expected + MOST_SURPLUS) {
        if (inflater.inflate(discarded) == 0 && !inflater.finished()) {
          throw truncated("its image data");
        }
      }
      long written = inflater.getBytesWritten();
      if (written < expected || !inflater.finished()) {
        throw malformed(
            "has image data that inflates to %s bytes instead of %d"
                .formatted(inflater.finished() ? written : "more than " + expected, expected));
      }
      if (written > expected || inflater.getRemaining() > 0) {
        repairs.add(Repair.SURPLUS_IMAGE_DATA);
      }
    } catch (DataFormatException damaged) {
      throw new ImageRejectedException(
          Reason.MALFORMED, "The PNG's image data does not inflate", damaged);
    } finally {
      inflater.end();
    }
  }

  private static Header require(@Nullable Header header) throws ImageRejectedException {
    if (header == null) {
      throw malformed("does not begin with an IHDR chunk of 13 bytes");
    }
    return header;
  }

  private static ImageRejectedException truncated(String what) {
    return new ImageRejectedException(Reason.TRUNCATED, "The PNG ends before " + what + " does");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The PNG " + what);
  }

  private record Header(
      int width, int height, int samples, int depth, boolean palette, boolean interlaced) {

    static Header read(ByteBuffer in, DecodingLimits limits) throws ImageRejectedException {
      long width = Integer.toUnsignedLong(in.getInt());
      long height = Integer.toUnsignedLong(in.getInt());
      limits.check(width, height);
      int depth = in.get();
      int colourType = in.get();
      int compression = in.get();
      int filter = in.get();
      int interlace = in.get();
      boolean lowDepth = depth == 1 || depth == 2 || depth == 4;
      boolean whole = depth == 8 || depth == 16;
      int samples =
          switch (colourType) {
            case 0 -> lowDepth || whole ? 1 : 0;
            case 2 -> whole ? 3 : 0;
            case 3 -> lowDepth || depth == 8 ? 1 : 0;
            case 4 -> whole ? 2 : 0;
            case 6 -> whole ? 4 : 0;
            default -> 0;
          };
      if (samples == 0 || compression != 0 || filter != 0 || interlace < 0 || interlace > 1) {
        throw malformed(
            "has no valid IHDR: bit depth %d, colour type %d, compression %d, filter %d, interlace %d"
                .formatted(depth, colourType, compression, filter, interlace));
      }
      limits.checkDepth(width, height, samples * depth);
      return new Header((int) width, (int) height, samples, depth, colourType == 3, interlace == 1);
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
      return columns == 0 || rows == 0
          ? 0
          : rows * (1 + ((long) columns * samples * depth + 7) / 8);
    }
  }
}
