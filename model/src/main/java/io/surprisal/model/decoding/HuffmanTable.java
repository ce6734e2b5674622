package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;

/** A Huffman table of a JPEG (ITU-T T.81, annexes C and F.2.2.3). */
final class HuffmanTable {
  private static final int LENGTHS = 16;

  /** By length: the first code that is longer, its bits to the left in 16. */
  private final int[] limit = new int[LENGTHS + 1];

  /** By length: place of its first symbol less its first code. */
  private final int[] offset = new int[LENGTHS + 1];

  private final byte[] symbols;

  private HuffmanTable(byte[] counts, byte[] symbols) {
    this.symbols = symbols;
    int code = 0;
    int place = 0;
    for (int length = 1; length <= LENGTHS; length++) {
      offset[length] = place - code;
      int count = Byte.toUnsignedInt(counts[length - 1]);
      code += count;
      place += count;
      limit[length] = code << (LENGTHS - length);
      code <<= 1;
    }
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
      into[4 * (which >> 4) + (which & 15)] = new HuffmanTable(counts, symbols);
    }
  }

  /**
   * The next symbol.
   *
   * @throws ImageRejectedException if the data ends, or no code begins so
   */
  int next(JpegBits in) throws ImageRejectedException {
    int ahead = in.peek16();
    for (int length = 1; length <= LENGTHS; length++) {
      if (ahead < limit[length]) {
        in.skip(length);
        int place = (ahead >> (LENGTHS - length)) + offset[length];
        if (place < 0 || place >= symbols.length) {
          throw damaged();
        }
        return Byte.toUnsignedInt(symbols[place]);
      }
    }
    throw new ImageRejectedException(Reason.MALFORMED, "The JPEG's scan has a code that is none");
  }

  private static ImageRejectedException damaged() {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG has a damaged Huffman table");
  }
}
