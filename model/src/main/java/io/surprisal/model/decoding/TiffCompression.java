package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The compressions of TIFF that are read. Each can say how many bytes a part becomes without
 * keeping them, so that a part that is too short is found, and none is unpacked without end.
 */
enum TiffCompression {
  NONE(1) {
    @Override
    Unpacked unpacked(byte[] packed, long most) {
      return new Unpacked(packed.length, Rest.NONE);
    }
  },
  /** TIFF 6.0, section 13. */
  LZW(5) {
    @Override
    Unpacked unpacked(byte[] packed, long most) throws ImageRejectedException {
      return lzw(packed, most);
    }
  },
  DEFLATE(8) {
    @Override
    Unpacked unpacked(byte[] packed, long most) throws ImageRejectedException {
      return inflate(packed, most);
    }
  },
  /** The number that deflate had before it was Adobe's. */
  OLD_DEFLATE(32946) {
    @Override
    Unpacked unpacked(byte[] packed, long most) throws ImageRejectedException {
      return inflate(packed, most);
    }
  },
  /** TIFF 6.0, section 9. */
  PACK_BITS(32773) {
    @Override
    Unpacked unpacked(byte[] packed, long most) {
      return packBits(packed, most);
    }
  };

  /** What stands in a part behind its data. */
  enum Rest {
    NONE,
    /** Bytes that are no part of the data, or not a whole one. */
    SOME
  }

  /**
   * What a part becomes.
   *
   * @param length in bytes
   */
  record Unpacked(long length, Rest rest) {

    /**
     * @param at how far the part was read
     */
    static Unpacked of(long length, int at, byte[] packed) {
      return new Unpacked(length, at == packed.length ? Rest.NONE : Rest.SOME);
    }
  }

  private static final int CLEAR = 256;
  private static final int END = 257;
  private static final int SHORTEST = 9;
  private static final int LONGEST = 12;

  private final int tag;

  TiffCompression(int tag) {
    this.tag = tag;
  }

  int tag() {
    return tag;
  }

  /**
   * How many bytes a part becomes, as far as it can be unpacked.
   *
   * @param most counting may end there
   */
  abstract Unpacked unpacked(byte[] packed, long most) throws ImageRejectedException;

  static TiffCompression of(long tag) throws ImageRejectedException {
    Optional<TiffCompression> known =
        Arrays.stream(values()).filter(compression -> compression.tag == tag).findFirst();
    if (known.isEmpty()) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED,
          "The TIFF is compressed by %s, which is not read; save it uncompressed or with LZW, deflate or PackBits"
              .formatted(name(tag)));
    }
    return known.get();
  }

  private static String name(long tag) {
    if (tag >= 2 && tag <= 4) {
      return "a fax code (CCITT)";
    }
    return tag == 6 || tag == 7 ? "JPEG" : String.format(Locale.ROOT, "kind %d", tag);
  }

  private static Unpacked inflate(byte[] packed, long most) throws ImageRejectedException {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(packed);
      byte[] discarded = new byte[8192];
      while (!inflater.finished() && inflater.getBytesWritten() < most) {
        if (inflater.inflate(discarded) == 0 && !inflater.finished()) {
          throw new ImageRejectedException(
              Reason.TRUNCATED, "The TIFF's image data ends before its checksum");
        }
      }
      return Unpacked.of(
          inflater.getBytesWritten(), packed.length - inflater.getRemaining(), packed);
    } catch (DataFormatException e) {
      throw new ImageRejectedException(
          Reason.MALFORMED, "The TIFF's image data does not inflate", e);
    } finally {
      inflater.end();
    }
  }

  private static Unpacked packBits(byte[] packed, long most) {
    long length = 0;
    int read = 0; // behind the last run that gave something, and was whole
    for (int at = 0; at < packed.length && length < most; ) {
      int n = packed[at++];
      if (n >= 0) {
        int copied = Math.min(n + 1, packed.length - at);
        length += copied;
        at += copied;
        read = copied == n + 1 ? at : read;
      } else if (n != -128 && at < packed.length) {
        length += 1 - n;
        at++;
        read = at;
      }
    }
    return Unpacked.of(length, read, packed);
  }

  private static Unpacked lzw(byte[] packed, long most) throws ImageRejectedException {
    int[] lengths = new int[1 << LONGEST];
    Arrays.fill(lengths, 0, CLEAR, 1);
    int next = END + 1;
    int width = SHORTEST;
    int before = -1;
    long length = 0;
    long bits = 0;
    int held = 0;
    int at = 0;
    while (length < most) {
      while (held < width && at < packed.length) {
        bits = bits << 8 | Byte.toUnsignedInt(packed[at++]);
        held += 8;
      }
      if (held < width) {
        return Unpacked.of(length, at, packed); // some writers leave the last code out
      }
      held -= width;
      int code = (int) (bits >>> held) & ((1 << width) - 1);
      if (code == END) {
        return Unpacked.of(length, at - held / Byte.SIZE, packed);
      }
      if (code == CLEAR) {
        next = END + 1;
        width = SHORTEST;
        before = -1;
        continue;
      }
      boolean known = code < CLEAR || (before >= 0 && code > END && code < next);
      if (!known && (before < 0 || code != next)) {
        throw new ImageRejectedException(
            Reason.MALFORMED, "The TIFF's image data has an LZW code that is none");
      }
      if (before >= 0 && next < lengths.length) {
        lengths[next++] = lengths[before] + 1;
      }
      length += lengths[code];
      before = code;
      // One code early, as all writers of TIFF do it.
      if (next + 1 >= 1 << width && width < LONGEST) {
        width++;
      }
    }
    return Unpacked.of(length, at, packed);
  }
}
