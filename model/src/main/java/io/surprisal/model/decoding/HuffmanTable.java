package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;
import org.jspecify.annotations.Nullable;

/** A Huffman table of a JPEG (ITU-T T.81, annexes C and F.2.2.3). */
final class HuffmanTable {
  private static final int LENGTHS = 16;

  /** Codes so short are looked up. */
  private static final int SHORT = 8;

  private static final @Nullable HuffmanTable[] STANDARD = {
    of(JPEGHuffmanTable.StdDCLuminance),
    of(JPEGHuffmanTable.StdDCChrominance),
    null,
    null,
    of(JPEGHuffmanTable.StdACLuminance),
    of(JPEGHuffmanTable.StdACChrominance)
  };

  /** By length: the first code that is longer, its bits to the left in 16. */
  private final int[] limit = new int[LENGTHS + 1];

  /** By length: place of its first symbol less its first code. */
  private final int[] offset = new int[LENGTHS + 1];

  private final byte[] counts;
  private final byte[] symbols;

  /** By the next eight bits: length of the code · 256 + its symbol; 0: longer, or none. */
  private final short[] quick = new short[1 << SHORT];

  private static HuffmanTable of(JPEGHuffmanTable standard) {
    try {
      short[] counts = Arrays.copyOf(standard.getLengths(), LENGTHS);
      return new HuffmanTable(bytes(counts), bytes(standard.getValues()));
    } catch (ImageRejectedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(short[] small) {
    byte[] bytes = new byte[small.length];
    for (int i = 0; i < small.length; i++) {
      bytes[i] = (byte) small[i];
    }
    return bytes;
  }

  private HuffmanTable(byte[] counts, byte[] symbols) throws ImageRejectedException {
    this.counts = counts;
    this.symbols = symbols;
    int code = 0;
    int place = 0;
    for (int length = 1; length <= LENGTHS; length++) {
      offset[length] = place - code;
      int count = Byte.toUnsignedInt(counts[length - 1]);
      if (code + count > 1 << length) {
        throw damaged(); // there are not so many codes
      }
      for (int i = 0; length <= SHORT && i < count; i++) {
        int first = (code + i) << (SHORT - length);
        int behind = first + (1 << (SHORT - length));
        Arrays.fill(quick, first, behind, (short) ((length << 8) | (symbols[place + i] & 0xff)));
      }
      code += count;
      place += count;
      limit[length] = code << (LENGTHS - length);
      code <<= 1;
    }
  }

  /** A table; most files carry those of annex K, which are made already. */
  private static HuffmanTable of(byte[] counts, byte[] symbols) throws ImageRejectedException {
    for (HuffmanTable standard : STANDARD) {
      if (standard != null
          && Arrays.equals(standard.counts, counts)
          && Arrays.equals(standard.symbols, symbols)) {
        return standard;
      }
    }
    return new HuffmanTable(counts, symbols);
  }

  /**
   * The tables of annex K, which files without tables mean, the frames of many webcams among them.
   */
  static void standard(@Nullable HuffmanTable[] into) {
    System.arraycopy(STANDARD, 0, into, 0, STANDARD.length);
  }

  /**
   * Reads the tables of a segment into their places: DC tables 0 to 3, then AC tables 0 to 3.
   *
   * @throws ImageRejectedException if it does not hold what it says
   */
  static void read(ByteBuffer segment, HuffmanTable[] into) throws ImageRejectedException {
    while (segment.hasRemaining()) {
      int which = Byte.toUnsignedInt(segment.get());
      byte[] counts = new byte[LENGTHS];
      if (which >> 4 > 1 || (which & 15) > 3 || segment.remaining() < LENGTHS) {
        throw damaged();
      }
      segment.get(counts);
      int sum = 0;
      for (byte count : counts) {
        sum += Byte.toUnsignedInt(count);
      }
      if (sum > 256 || segment.remaining() < sum) {
        throw damaged();
      }
      byte[] symbols = new byte[sum];
      segment.get(symbols);
      into[4 * (which >> 4) + (which & 15)] = of(counts, symbols);
    }
  }

  /**
   * The code that comes next.
   *
   * @param ahead the next 16 bits
   * @return length of the code · 256 + its symbol
   * @throws ImageRejectedException if no code begins so
   */
  int find(int ahead) throws ImageRejectedException {
    int found = quick[ahead >> (LENGTHS - SHORT)];
    return found != 0 ? found : findLong(ahead);
  }

  private int findLong(int ahead) throws ImageRejectedException {
    for (int length = SHORT + 1; length <= LENGTHS; length++) {
      if (ahead < limit[length]) {
        int place = (ahead >> (LENGTHS - length)) + offset[length];
        return (length << 8) | (symbols[place] & 0xff);
      }
    }
    throw new ImageRejectedException(Reason.MALFORMED, "The JPEG's scan has a code that is none");
  }

  private static ImageRejectedException damaged() {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG has a damaged Huffman table");
  }
}
