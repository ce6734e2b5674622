package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.Reference.known;
import static io.surprisal.model.decoding.Reference.require;

import io.surprisal.model.decoding.Reference.Damaged;
import io.surprisal.model.decoding.Reference.Unknown;
import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Baseline JPEG (ITU-T T.81) of 8 bits, grey, or colour without subsampling in one scan; the
 * inverse transform as it is defined, in floating point.
 *
 * <p>Where the codes of an interval end up to {@value #UNHEARD} bytes before its marker does, it
 * goes on behind them, as the IJG's library does without a word: they lie in its buffer of bits.
 * What counts is that the pixels are those that everyone sees.
 */
final class ReferenceJpeg {
  private static final int[] ZIGZAG = {
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63
  };

  /** Beyond these no encoder comes, and integer transforms overflow in ways of their own. */
  private static final int LOWEST = -256;

  private static final int HIGHEST = 511;

  private static final int UNHEARD = 8;

  private final ByteBuffer in;
  private final int[][] quantisers = new int[4][];

  /** Code and length to value, dc tables 0 to 3 and ac tables 4 to 7. */
  private final int[][] codes = new int[8][];

  private int width;
  private int height;
  private int[] ids;
  private int[] quantiserOf;
  private int interval;
  private boolean jfif;
  private int adobe = -1;
  private double[][] planes;
  private int bits;
  private int left;

  ReferenceJpeg(byte[] file) {
    in = ByteBuffer.wrap(file);
  }

  PixelImage decode() throws Damaged, Unknown {
    require(in.getShort() == (short) 0xffd8, "start");
    while (true) {
      require(in.get() == (byte) 0xff, "no marker");
      int marker = 0xff;
      while (marker == 0xff) {
        marker = in.get() & 0xff;
      }
      if (marker == 0xd9) {
        break;
      }
      require(marker >= 0xc0 && (marker < 0xd0 || marker > 0xd9), "marker");
      int length = (in.getShort() & 0xffff) - 2;
      require(length >= 0 && length <= in.remaining(), "length of a segment");
      ByteBuffer segment = in.slice(in.position(), length);
      in.position(in.position() + length);
      segment(marker, segment);
    }
    known(planes != null, "no scan");
    require(!in.hasRemaining(), "bytes after the end");
    return image();
  }

  private void segment(int marker, ByteBuffer segment) throws Damaged, Unknown {
    switch (marker) {
      case 0xc0, 0xc1 -> frame(segment);
      case 0xc4 -> {
        while (segment.hasRemaining()) {
          table(segment);
        }
      }
      case 0xdb -> {
        while (segment.hasRemaining()) {
          int at = segment.get() & 0xff;
          known(at < 4, "quantiser");
          quantisers[at] = new int[64];
          for (int i = 0; i < 64; i++) {
            quantisers[at][ZIGZAG[i]] = segment.get() & 0xff;
            known(quantisers[at][ZIGZAG[i]] > 0, "a step of zero");
          }
        }
      }
      case 0xdd -> {
        require(segment.remaining() == 2, "DRI");
        interval = segment.getShort() & 0xffff;
      }
      case 0xda -> scan(segment);
      case 0xe0 -> {
        known(!starts(segment, "AVI1"), "film");
        jfif |= starts(segment, "JFIF\0");
      }
      case 0xee ->
          adobe = starts(segment, "Adobe") && segment.limit() >= 12 ? segment.get(11) : adobe;
      case 0xfe, 0xe2 -> {}
      default -> throw new Unknown("marker " + marker);
    }
  }

  private static boolean starts(ByteBuffer segment, String name) {
    byte[] bytes = new byte[Math.min(name.length(), segment.remaining())];
    segment.get(0, bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1).equals(name);
  }

  private void frame(ByteBuffer segment) throws Damaged, Unknown {
    known(ids == null && segment.get() == 8, "frame");
    height = segment.getShort() & 0xffff;
    width = segment.getShort() & 0xffff;
    int count = segment.get();
    require(width > 0 && height > 0, "size");
    known(width <= 64 && height <= 64 && (count == 1 || count == 3), "size or components");
    ids = new int[count];
    quantiserOf = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = segment.get() & 0xff;
      int sampling = segment.get();
      known(count == 1 ? sampling > 0x10 : sampling == 0x11, "subsampling");
      quantiserOf[i] = segment.get() & 0xff;
    }
    require(!segment.hasRemaining(), "length of the frame header");
  }

  private void table(ByteBuffer segment) throws Damaged, Unknown {
    int which = segment.get() & 0xff;
    known((which & 0xef) < 4, "table");
    byte[] counts = new byte[16];
    segment.get(counts);
    int[] values = new int[1 << 17]; // by code behind a leading one
    Arrays.fill(values, -1);
    int code = 0;
    for (int length = 1; length <= 16; length++) {
      for (int i = 0; i < (counts[length - 1] & 0xff); i++) {
        require(code < 1 << length, "codes");
        values[(1 << length) | code++] = segment.get() & 0xff;
      }
      code <<= 1;
    }
    codes[4 * (which >> 4) + (which & 3)] = values;
  }

  private void scan(ByteBuffer header) throws Damaged, Unknown {
    known(ids != null && planes == null, "scans");
    int count = header.get();
    known(count == ids.length, "a scan of some components");
    int[] tables = new int[count];
    for (int i = 0; i < count; i++) {
      known((header.get() & 0xff) == ids[i], "order of components");
      tables[i] = header.get() & 0xff;
      known((tables[i] & 0xcc) == 0, "tables");
      known(codes[tables[i] >> 4] != null && codes[4 + (tables[i] & 3)] != null, "no table");
      known(quantiserOf[i] < 4 && quantisers[quantiserOf[i]] != null, "no quantiser");
    }
    known(header.get() == 0 && header.get() == 63 && header.get() == 0, "spectrum");
    require(!header.hasRemaining(), "length of the scan header");
    int across = (width + 7) / 8;
    int units = across * ((height + 7) / 8);
    planes = new double[count][64 * units];
    int[] dc = new int[count];
    for (int unit = 0; unit < units; unit++) {
      if (interval > 0 && unit > 0 && unit % interval == 0) {
        restart(unit / interval - 1);
        dc = new int[count];
      }
      for (int i = 0; i < count; i++) {
        int[] block = block(codes[tables[i] >> 4], codes[4 + (tables[i] & 3)], dc, i);
        transform(block, planes[i], unit / across * 8, unit % across * 8, across * 8);
      }
    }
    skipUnheard();
  }

  private void skipUnheard() {
    left = 0;
    for (int i = 0; i < UNHEARD; i++) {
      int at = in.position();
      if (in.get(at) == (byte) 0xff && in.get(at + 1) != 0) {
        return;
      }
      in.position(at + (in.get(at) == (byte) 0xff ? 2 : 1));
    }
  }

  private void restart(int number) throws Damaged {
    skipUnheard();
    require(in.get() == (byte) 0xff, "restart marker");
    int marker = 0xff;
    while (marker == 0xff) {
      marker = in.get() & 0xff;
    }
    require(marker == 0xd0 + number % 8, "restart marker");
  }

  private int[] block(int[] dcCodes, int[] acCodes, int[] dc, int component)
      throws Damaged, Unknown {
    int[] quantiser = quantisers[quantiserOf[component]];
    int[] block = new int[64];
    int size = value(dcCodes);
    known(size <= 11, "size of a difference");
    dc[component] += extended(size);
    block[0] = dc[component] * quantiser[0];
    for (int k = 1; k < 64; k++) {
      int runAndSize = value(acCodes);
      if (runAndSize == 0) {
        break;
      }
      k += runAndSize >> 4;
      int ac = runAndSize & 15;
      known(ac > 0 || runAndSize == 0xf0, "an empty run");
      known(ac <= 10, "size of a coefficient");
      int at = ZIGZAG[Math.min(k, 63)]; // beyond the last one: as the IJG's library has it
      block[at] = extended(ac) * quantiser[at];
    }
    return block;
  }

  private int value(int[] values) throws Damaged {
    int code = 1;
    for (int length = 1; length <= 16; length++) {
      code = (code << 1) | bit();
      if (values[code] >= 0) {
        return values[code];
      }
    }
    throw new Damaged("no code");
  }

  private int extended(int size) throws Damaged {
    int value = 0;
    for (int i = 0; i < size; i++) {
      value = (value << 1) | bit();
    }
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  private int bit() throws Damaged {
    if (left == 0) {
      bits = in.get() & 0xff;
      left = 8;
      if (bits == 0xff) {
        require(in.get() == 0, "data ends early");
      }
    }
    return (bits >> --left) & 1;
  }

  private static void transform(int[] block, double[] plane, int top, int leftmost, int stride)
      throws Unknown {
    double[] rows = new double[64];
    for (int v = 0; v < 8; v++) {
      for (int x = 0; x < 8; x++) {
        for (int u = 0; u < 8; u++) {
          rows[8 * v + x] += (u == 0 ? Math.sqrt(0.125) : 0.5) * block[8 * v + u] * COSINE[u][x];
        }
      }
    }
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        double sample = 128;
        for (int v = 0; v < 8; v++) {
          sample += (v == 0 ? Math.sqrt(0.125) : 0.5) * rows[8 * v + x] * COSINE[v][y];
        }
        known(sample >= LOWEST && sample <= HIGHEST, "wild coefficients");
        plane[(top + y) * stride + leftmost + x] = Math.max(0, Math.min(255, sample));
      }
    }
  }

  private static final double[][] COSINE = new double[8][8];

  static {
    for (int u = 0; u < 8; u++) {
      for (int x = 0; x < 8; x++) {
        COSINE[u][x] = Math.cos((2 * x + 1) * u * Math.PI / 16);
      }
    }
  }

  private PixelImage image() {
    int stride = (width + 7) / 8 * 8;
    boolean rgb =
        ids.length == 3
            && !jfif
            && (adobe >= 0 ? adobe == 0 : ids[0] == 'R' && ids[1] == 'G' && ids[2] == 'B');
    byte[] bytes = new byte[ids.length * width * height];
    for (int i = 0; i < width * height; i++) {
      int at = i / width * stride + i % width;
      double first = planes[0][at];
      double[] channels = {first};
      if (ids.length == 3) {
        double second = planes[1][at];
        double third = planes[2][at];
        channels =
            rgb
                ? new double[] {first, second, third}
                : new double[] {
                  first + 1.402 * (third - 128),
                  first - 0.344136 * (second - 128) - 0.714136 * (third - 128),
                  first + 1.772 * (second - 128)
                };
      }
      for (int c = 0; c < channels.length; c++) {
        bytes[i * channels.length + c] = (byte) Math.rint(Math.max(0, Math.min(255, channels[c])));
      }
    }
    return PixelImage.ofInterleaved(ids.length, height, width, bytes);
  }
}
