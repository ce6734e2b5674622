package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.JpegMarker.DHT;
import static io.surprisal.model.decoding.JpegMarker.DRI;
import static io.surprisal.model.decoding.JpegMarker.EOI;
import static io.surprisal.model.decoding.JpegMarker.RST0;
import static io.surprisal.model.decoding.JpegMarker.SOF0;
import static io.surprisal.model.decoding.JpegMarker.SOF1;
import static io.surprisal.model.decoding.JpegMarker.SOF2;
import static io.surprisal.model.decoding.JpegMarker.SOS;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes out of a JPEG's scans what does not belong there, if anything. It follows every code, so
 * that it knows where the data of a restart interval ends: what stands between there and the marker
 * is dropped, and restart markers are put where they belong. Where an interval lacks data, the file
 * is refused: the decoders' libraries would fill the gap with grey and go on.
 */
final class JpegMender {
  private static final int RESTARTS = 8;

  /** So many zeros at the end of the last scan are said. */
  static final int ZEROS = 16;

  private final byte[] vetted;
  private final DecodingLimits limits;
  private final KeptBytes out;
  private final Set<Repair> repairs;
  private final @Nullable HuffmanTable[] tables = new HuffmanTable[8];
  private @Nullable JpegFrame frame;
  private long[][] nonZero = {};
  private int interval;

  private JpegMender(VettedImage image, DecodingLimits limits) {
    vetted = image.encoded();
    this.limits = limits;
    out = new KeptBytes(vetted);
    repairs = EnumSet.noneOf(Repair.class);
    repairs.addAll(image.repairs());
  }

  /**
   * Mends what can be mended without a guess at pixels.
   *
   * @param image as {@link JpegGuard} has rebuilt it
   * @throws ImageRejectedException if a part of the picture is missing or damaged
   */
  static VettedImage mend(VettedImage image, DecodingLimits limits) throws ImageRejectedException {
    JpegMender mender = new JpegMender(image, limits);
    HuffmanTable.standard(mender.tables);
    mender.mend();
    return image.withMended(mender.out.bytes(), mender.repairs);
  }

  private void mend() throws ImageRejectedException {
    out.keep(0, 2);
    int at = 2;
    while (vetted[at + 1] != (byte) EOI) {
      int marker = Byte.toUnsignedInt(vetted[at + 1]);
      int body = at + 4;
      int length = Short.toUnsignedInt(ByteBuffer.wrap(vetted).getShort(at + 2)) - 2;
      ByteBuffer segment = ByteBuffer.wrap(vetted).slice(body, length);
      out.keep(at, at + length + 4);
      at = body + length;
      switch (marker) {
        case SOF0, SOF1, SOF2 -> {
          frame = JpegFrame.read(marker, segment, limits);
          nonZero = new long[frame.components().size()][];
        }
        case DHT -> HuffmanTable.read(segment, tables);
        case DRI -> {
          if (length != 2) {
            throw malformed("has a restart interval of " + length + " bytes");
          }
          interval = Short.toUnsignedInt(segment.getShort());
        }
        case SOS -> at = mendScan(segment, at);
        default -> {}
      }
    }
    out.keep(at, vetted.length);
  }

  /** Returns where the scan ends. */
  private int mendScan(ByteBuffer header, int from) throws ImageRejectedException {
    if (frame == null) {
      throw malformed("has a scan before its frame header");
    }
    JpegScan scan = JpegScan.read(header, frame);
    JpegCoefficients codes = new JpegCoefficients(frame, scan, tables, bitsOf(scan, frame));
    int units = codes.units();
    int size = interval == 0 ? units : interval;
    int intervals = (units + size - 1) / size;
    List<Part> parts = new ArrayList<>();
    int end = findParts(from, parts);
    if (parts.size() > intervals && parts.removeIf(part -> part.from == part.to)) {
      repairs.add(Repair.RESTART_MARKERS); // empty ones
    }
    int part = 0;
    int at = parts.get(0).from;
    for (int i = 0; i < intervals; i++) {
      if (part == parts.size()) {
        throw missing(i * (long) size, units);
      }
      Part current = parts.get(part);
      int stop = follow(codes, i * size, Math.min(units, (i + 1) * size), at, current.to);
      out.keep(at, stop);
      boolean last = i == intervals - 1;
      if (!last) {
        out.marker(RST0 + i % RESTARTS);
      }
      if (stop < current.to && intervals - i > parts.size() - part) {
        repairs.add(Repair.RESTART_MARKERS); // it lacks between this interval and the next
        at = stop;
        continue;
      }
      if (stop < current.to) {
        repairs.add(Repair.BYTES_BEFORE_MARKER);
      }
      if (last) {
        boolean lastScan = vetted[end + 1] == (byte) EOI;
        requireNoZeros(current.from, stop, current.to, lastScan);
      } else if (current.restart != RST0 + i % RESTARTS) {
        repairs.add(Repair.RESTART_MARKERS);
      }
      part++;
      at = part < parts.size() ? parts.get(part).from : end;
    }
    if (part < parts.size()) {
      throw malformed("has more restart intervals than its picture");
    }
    return end;
  }

  private long[] bitsOf(JpegScan scan, JpegFrame of) {
    int component = scan.components()[0];
    if (!of.progressive() || scan.first() == 0) {
      return new long[0];
    }
    if (nonZero[component] == null) {
      nonZero[component] = new long[of.blocksAcross(component) * of.blocksDown(component)];
    }
    return nonZero[component];
  }

  /** Follows the units of an interval; returns the first byte that they do not use. */
  private int follow(JpegCoefficients codes, int first, int behind, int from, int to)
      throws ImageRejectedException {
    JpegBits bits = new JpegBits(vetted, from, to);
    codes.restart();
    for (int unit = first; unit < behind; unit++) {
      try {
        codes.follow(unit, bits);
      } catch (ImageRejectedException e) {
        throw e.reason() == Reason.TRUNCATED ? missing(unit, codes.units()) : e;
      }
    }
    return bits.align();
  }

  /**
   * What lies between two restart markers.
   *
   * @param to first byte behind it, without the fill bytes of the marker
   * @param restart second byte of the marker; 0 at the end of the scan
   */
  private record Part(int from, int to, int restart) {}

  /** Adds the parts of a scan to a list; returns where the scan ends. */
  private int findParts(int from, List<Part> parts) {
    int start = from;
    int at = JpegMarker.next(vetted, from);
    while (at < vetted.length && JpegMarker.isRestart(Byte.toUnsignedInt(vetted[at + 1]))) {
      parts.add(new Part(start, withoutFill(start, at), Byte.toUnsignedInt(vetted[at + 1])));
      start = at + 2;
      at = JpegMarker.next(vetted, start);
    }
    parts.add(new Part(start, withoutFill(start, at), 0));
    return at;
  }

  private int withoutFill(int from, int to) {
    int at = to;
    while (at > from && vetted[at - 1] == (byte) 0xff) {
      at--;
    }
    return at;
  }

  /**
   * Zeros are codes too: a picture whose data broke off and was filled up with them decodes to the
   * end.
   */
  private void requireNoZeros(int from, int stop, int to, boolean lastScan)
      throws ImageRejectedException {
    int zeros = to;
    while (zeros > from && vetted[zeros - 1] == 0) {
      zeros--;
    }
    int used = stop - zeros;
    if (stop < to && used > 1) {
      throw new ImageRejectedException(
          Reason.TRUNCATED,
          "The JPEG's image data breaks off: its last %d bytes are zeros".formatted(to - zeros));
    }
    if (stop < to ? used == 1 : lastScan && used >= ZEROS) {
      repairs.add(Repair.ENDS_IN_ZEROS);
    }
  }

  private static ImageRejectedException missing(long unit, int units) {
    return new ImageRejectedException(
        Reason.TRUNCATED,
        "The JPEG's image data ends or breaks off after %.0f %% of the picture"
            .formatted(100.0 * unit / units));
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG " + what);
  }
}
