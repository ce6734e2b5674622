package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Follows the codes of one scan, block by block, without computing what they stand for: only how
 * far they reach (ITU-T T.81, F.2.2 and G.2).
 */
final class JpegCoefficients {
  private static final int COEFFICIENTS = 64;
  private static final int ZERO_RUN = 15;
  private static final int MOST_BITS = 15;

  private final JpegFrame frame;
  private final JpegScan scan;
  private final HuffmanTable[] tables;

  /** By block of the scan's only component, a bit for each coefficient that is not zero. */
  private final long[] nonZero;

  /** Blocks to come that the scan has nothing for. */
  private int idle;

  /**
   * For a scan.
   *
   * @param tables DC tables 0 to 3, then AC tables 0 to 3; null where there is none
   * @param nonZero by block of the scan's component, what earlier scans left; unused where the scan
   *     has several or sends no AC coefficients of a progression
   */
  JpegCoefficients(JpegFrame frame, JpegScan scan, @Nullable HuffmanTable[] tables, long[] nonZero)
      throws ImageRejectedException {
    this.frame = frame;
    this.scan = scan;
    this.nonZero = nonZero;
    this.tables = new HuffmanTable[tables.length];
    for (int i = 0; i < scan.components().length; i++) {
      boolean dc = !frame.progressive() || (scan.first() == 0 && scan.high() == 0);
      boolean ac = !frame.progressive() || scan.first() > 0;
      if (dc) {
        take(scan.dcTables()[i], tables);
      }
      if (ac) {
        take(4 + scan.acTables()[i], tables);
      }
    }
  }

  private void take(int place, @Nullable HuffmanTable[] from) throws ImageRejectedException {
    HuffmanTable table = from[place];
    if (table == null) {
      throw malformed("uses a Huffman table that it lacks");
    }
    tables[place] = table;
  }

  /** How many units the scan has. */
  int units() {
    return scan.components().length == 1
        ? frame.blocksAcross(scan.components()[0]) * frame.blocksDown(scan.components()[0])
        : frame.unitsAcross() * frame.unitsDown();
  }

  /** Begins behind a restart marker. */
  void restart() {
    idle = 0;
  }

  /** Follows a unit. */
  void follow(int unit, JpegBits in) throws ImageRejectedException {
    if (scan.components().length == 1) {
      block(unit, 0, in);
      return;
    }
    for (int i = 0; i < scan.components().length; i++) {
      JpegFrame.Component component = frame.components().get(scan.components()[i]);
      for (int block = component.across() * component.down(); block > 0; block--) {
        block(unit, i, in);
      }
    }
  }

  private void block(int index, int component, JpegBits in) throws ImageRejectedException {
    if (!frame.progressive()) {
      difference(component, in);
      sequential(Objects.requireNonNull(tables[4 + scan.acTables()[component]]), in);
    } else if (scan.first() > 0) {
      HuffmanTable table = Objects.requireNonNull(tables[4 + scan.acTables()[component]]);
      if (scan.high() == 0) {
        firstBits(index, table, in);
      } else {
        furtherBits(index, table, in);
      }
    } else if (scan.high() == 0) {
      difference(component, in);
    } else {
      in.skip(1);
    }
  }

  private void difference(int component, JpegBits in) throws ImageRejectedException {
    int size = in.symbol(Objects.requireNonNull(tables[scan.dcTables()[component]]));
    if (size > MOST_BITS) {
      throw malformed("has a difference of " + size + " bits");
    }
    in.skip(size);
  }

  private static void sequential(HuffmanTable table, JpegBits in) throws ImageRejectedException {
    int k = 1;
    while (k < COEFFICIENTS) {
      int symbol = in.symbolWithBits(table);
      int run = symbol >> 4;
      if ((symbol & 15) == 0 && run < ZERO_RUN) {
        break;
      }
      k += run + 1;
    }
    in.requireReal();
    requireWithin(k - 1);
  }

  private void firstBits(int index, HuffmanTable table, JpegBits in) throws ImageRejectedException {
    if (idle > 0) {
      idle--;
      return;
    }
    for (int k = scan.first(); k <= scan.last(); k++) {
      int symbol = in.symbol(table);
      int size = symbol & 15;
      int run = symbol >> 4;
      if (size == 0 && run < ZERO_RUN) {
        idle = (1 << run) + in.next(run) - 1;
        return;
      }
      k += run;
      if (size > 0) {
        requireWithin(k);
        in.skip(size);
        nonZero[index] |= 1L << k;
      }
    }
  }

  private void furtherBits(int index, HuffmanTable table, JpegBits in)
      throws ImageRejectedException {
    int k = scan.first();
    if (idle == 0) {
      for (; k <= scan.last(); k++) {
        int symbol = in.symbol(table);
        int run = symbol >> 4;
        boolean found = (symbol & 15) > 0;
        if (!found && run < ZERO_RUN) {
          idle = (1 << run) + in.next(run);
          break;
        }
        if (found) {
          in.skip(1);
        }
        k = refine(index, k, run, in);
        if (found && k <= scan.last()) {
          nonZero[index] |= 1L << k;
        }
      }
    }
    if (idle > 0) {
      refine(index, k, COEFFICIENTS, in);
      idle--;
    }
  }

  /** A bit for each coefficient that is not zero, as far as the run of those that are. */
  private int refine(int index, int from, int run, JpegBits in) throws ImageRejectedException {
    int k = from;
    int zeros = run;
    for (; k <= scan.last(); k++) {
      if ((nonZero[index] >>> k & 1) != 0) {
        in.skip(1);
      } else if (--zeros < 0) {
        break;
      }
    }
    return k;
  }

  private static void requireWithin(int k) throws ImageRejectedException {
    if (k >= COEFFICIENTS) {
      throw malformed("has a block of more than 64 coefficients");
    }
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG " + what);
  }
}
