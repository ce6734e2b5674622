package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;

/**
 * What a scan header says (ITU-T T.81, B.2.3).
 *
 * @param components places in the frame
 * @param dcTables by component of the scan, 0 to 3
 * @param acTables by component of the scan, 0 to 3
 * @param first coefficient in zigzag order
 * @param last coefficient in zigzag order
 * @param high bit that was sent before; 0: none was
 * @param low bit that is sent now
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record JpegScan(
    int[] components, int[] dcTables, int[] acTables, int first, int last, int high, int low) {

  /** Most blocks of a minimum coded unit (B.2.3). */
  private static final int MOST_BLOCKS = 10;

  static JpegScan read(ByteBuffer segment, JpegFrame frame) throws ImageRejectedException {
    int count = segment.hasRemaining() ? segment.get() : 0;
    if (count < 1 || count > frame.components().size() || segment.remaining() != 2 * count + 3) {
      throw malformed("a scan header of the wrong length");
    }
    int[] components = new int[count];
    int[] dc = new int[count];
    int[] ac = new int[count];
    int blocks = 0;
    for (int i = 0; i < count; i++) {
      components[i] = frame.indexOf(Byte.toUnsignedInt(segment.get()));
      int tables = Byte.toUnsignedInt(segment.get());
      dc[i] = tables >> 4;
      ac[i] = tables & 15;
      if (components[i] < 0 || (i > 0 && components[i] <= components[i - 1])) {
        throw malformed("a scan of components that its frame lacks, or in another order");
      }
      if (dc[i] > 3 || ac[i] > 3) {
        throw malformed("a scan with tables that do not exist");
      }
      JpegFrame.Component component = frame.components().get(components[i]);
      blocks += component.across() * component.down();
    }
    if (count > 1 && blocks > MOST_BLOCKS) {
      throw malformed("more than " + MOST_BLOCKS + " blocks in a unit");
    }
    int first = Byte.toUnsignedInt(segment.get());
    int last = Byte.toUnsignedInt(segment.get());
    int bits = Byte.toUnsignedInt(segment.get());
    JpegScan scan = new JpegScan(components, dc, ac, first, last, bits >> 4, bits & 15);
    if (frame.progressive() && !scan.isOfProgression()) {
      throw malformed("a scan that no progressive file has");
    }
    return scan;
  }

  /** Whether it can be part of a progressive file (G.1.1.1). */
  private boolean isOfProgression() {
    boolean band = first == 0 ? last == 0 : first <= last && last <= 63 && components.length == 1;
    return band && low <= 13 && (high == 0 || low == high - 1);
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG has " + what);
  }
}
