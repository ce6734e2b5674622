package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Reads the first directory of a TIFF (TIFF 6.0) before a decoder sees it, and passes on a file of
 * that picture alone: size, layout, palette and image data, no metadata and no further pictures.
 *
 * <p>The size is checked before anything else. Each strip or tile must unpack to the length that
 * the size implies, and all of them together cannot be longer than the file.
 */
final class TiffGuard {
  private static final int WIDTH = 256;
  private static final int HEIGHT = 257;
  private static final int BITS = 258;
  private static final int COMPRESSION = 259;
  private static final int PHOTOMETRIC = 262;
  private static final int FILL_ORDER = 266;
  private static final int STRIP_OFFSETS = 273;
  private static final int ORIENTATION = 274;
  private static final int SAMPLES = 277;
  private static final int ROWS_PER_STRIP = 278;
  private static final int STRIP_LENGTHS = 279;
  private static final int PLANES = 284;
  private static final int PREDICTOR = 317;
  private static final int PALETTE = 320;
  private static final int TILE_WIDTH = 322;
  private static final int TILE_HEIGHT = 323;
  private static final int TILE_OFFSETS = 324;
  private static final int TILE_LENGTHS = 325;
  private static final int EXTRA_SAMPLES = 338;
  private static final int SAMPLE_FORMAT = 339;

  private static final int WHITE_IS_ZERO = 0;
  private static final int BLACK_IS_ZERO = 1;
  private static final int RGB = 2;
  private static final int INDEXED = 3;
  private static final int SEPARATED = 5;

  private static final int HEADER = 8;
  private static final int SHORT = 3;
  private static final int LONG = 4;

  /** Bytes of a part that no pixel needs, at most. */
  private static final int MOST_SURPLUS = 4096;

  private final byte[] encoded;
  private final DecodingLimits limits;
  private final TiffDirectory directory;
  private final Set<Repair> repairs = EnumSet.noneOf(Repair.class);

  private TiffGuard(byte[] encoded, DecodingLimits limits) throws ImageRejectedException {
    this.encoded = encoded;
    this.limits = limits;
    directory = new TiffDirectory(encoded);
  }

  static boolean recognises(byte[] encoded) {
    return encoded.length >= HEADER
        && ((encoded[0] == 'I' && encoded[1] == 'I' && encoded[2] == 42 && encoded[3] == 0)
            || (encoded[0] == 'M' && encoded[1] == 'M' && encoded[2] == 0 && encoded[3] == 42));
  }

  static VettedImage vet(byte[] encoded, DecodingLimits limits) throws ImageRejectedException {
    return new TiffGuard(encoded, limits).vet();
  }

  /**
   * How samples lie.
   *
   * @param samples of a pixel
   * @param bits of each
   * @param planes whether each has a plane of its own
   */
  private record Layout(int width, int height, int samples, int bits, boolean planes) {

    /** Bytes of a row of so many pixels, in one plane. */
    long row(long columns) {
      return (columns * bits * (planes ? 1 : samples) + 7) / 8;
    }

    int planeCount() {
      return planes ? samples : 1;
    }
  }

  private VettedImage vet() throws ImageRejectedException {
    long width = directory.number(WIDTH, 0);
    long height = directory.number(HEIGHT, 0);
    limits.check(width, height);
    int samples = (int) directory.number(SAMPLES, 1);
    int photometric = (int) directory.number(PHOTOMETRIC, BLACK_IS_ZERO);
    TiffCompression compression = TiffCompression.of(directory.number(COMPRESSION, 1));
    int bits = bits(samples);
    requireReadable(photometric, samples, bits);
    limits.checkDepth(width, height, samples * bits);
    Layout layout =
        new Layout(
            (int) width,
            (int) height,
            samples,
            bits,
            samples > 1 && directory.number(PLANES, 1) == 2);
    Map<Integer, long[]> fields = new TreeMap<>();
    fields.put(WIDTH, new long[] {width});
    fields.put(HEIGHT, new long[] {height});
    long[] bitsOfAll = new long[samples];
    Arrays.fill(bitsOfAll, bits);
    fields.put(BITS, bitsOfAll);
    fields.put(COMPRESSION, new long[] {compression.tag()});
    // Inverted here and not by the decoder, whose ways differ by the number of bits.
    fields.put(
        PHOTOMETRIC, new long[] {photometric == WHITE_IS_ZERO ? BLACK_IS_ZERO : photometric});
    fields.put(SAMPLES, new long[] {samples});
    fields.put(PLANES, new long[] {layout.planes ? 2 : 1});
    predictor(compression, bits).ifPresent(value -> fields.put(PREDICTOR, new long[] {value}));
    if (photometric == INDEXED) {
      fields.put(PALETTE, palette(bits));
    }
    VettedImage.Ink ink = ink(photometric, samples);
    if (samples == 2 || (photometric == RGB && samples == 4)) {
      fields.put(EXTRA_SAMPLES, new long[] {2});
    }
    byte[] picture = parts(layout, compression, fields);
    return new VettedImage(
        ImageFormat.TIFF,
        layout.width,
        layout.height,
        photometric == INDEXED ? 0 : samples,
        bits,
        rebuilt(picture, fields, directory.has(TILE_WIDTH) ? TILE_OFFSETS : STRIP_OFFSETS),
        ExifOrientation.of((int) directory.number(ORIENTATION, 1)),
        ink,
        repairs);
  }

  private int bits(int samples) throws ImageRejectedException {
    long[] bits = directory.has(BITS) ? directory.numbers(BITS) : new long[] {1};
    if (samples < 1
        || samples > 4
        || bits.length > samples
        || Arrays.stream(bits).anyMatch(of -> of != bits[0])) {
      throw unsupported(samples + " samples of " + Arrays.toString(bits) + " bits");
    }
    return (int) bits[0];
  }

  private void requireReadable(int photometric, int samples, int bits)
      throws ImageRejectedException {
    boolean few = bits == 1 || bits == 4;
    boolean whole = bits == 8 || bits == 16;
    boolean known =
        switch (photometric) {
          case WHITE_IS_ZERO, BLACK_IS_ZERO -> samples == 1 ? few || whole : samples == 2 && whole;
          case RGB -> (samples == 3 || samples == 4) && whole;
          case INDEXED -> samples == 1 && (few || bits == 8);
          case SEPARATED -> samples == 4 && bits == 8;
          default -> false;
        };
    if (!known) {
      throw unsupported(
          "%d samples of %d bits with colours of kind %d".formatted(samples, bits, photometric));
    }
    for (long format : directory.numbers(SAMPLE_FORMAT)) {
      if (format != 1) {
        throw unsupported(format == 3 ? "floating-point samples" : "signed samples");
      }
    }
    if (bits < 8 && directory.number(FILL_ORDER, 1) != 1) {
      throw unsupported("its bits in reverse order");
    }
  }

  private VettedImage.Ink ink(int photometric, int samples) throws ImageRejectedException {
    long extra = directory.number(EXTRA_SAMPLES, 0);
    boolean more = samples == 2 || (photometric == RGB && samples == 4);
    if (photometric == SEPARATED) {
      return VettedImage.Ink.CMYK;
    }
    if (photometric == WHITE_IS_ZERO) {
      if (more) {
        throw unsupported("white at zero and a further channel");
      }
      return VettedImage.Ink.INVERTED_GREY;
    }
    if (!more || extra == 2) {
      return VettedImage.Ink.LIGHT;
    }
    return extra == 1 ? VettedImage.Ink.PREMULTIPLIED : VettedImage.Ink.LIGHT_AND_OTHER;
  }

  private OptionalLong predictor(TiffCompression compression, int bits)
      throws ImageRejectedException {
    long predictor = directory.number(PREDICTOR, 1);
    boolean used = compression != TiffCompression.NONE && compression != TiffCompression.PACK_BITS;
    if (!used || predictor == 1) {
      return OptionalLong.empty();
    }
    if (predictor != 2 || bits < 8) {
      throw unsupported("predictor " + predictor + " for " + bits + " bits");
    }
    return OptionalLong.of(predictor);
  }

  private long[] palette(int bits) throws ImageRejectedException {
    long[] palette = directory.numbers(PALETTE);
    if (palette.length != 3 << bits) {
      throw malformed("has a palette of " + palette.length + " values");
    }
    // Some writers fill in 8 bits where 16 belong; everyone reads those as meant.
    boolean narrow = Arrays.stream(palette).allMatch(value -> value < 256);
    return narrow ? Arrays.stream(palette).map(value -> value * 257).toArray() : palette;
  }

  /** The image data; puts where its parts lie into the fields, from 0. */
  private byte[] parts(Layout layout, TiffCompression compression, Map<Integer, long[]> fields)
      throws ImageRejectedException {
    boolean tiles = directory.has(TILE_WIDTH);
    long columns = tiles ? directory.number(TILE_WIDTH, 0) : layout.width;
    long rows =
        tiles
            ? directory.number(TILE_HEIGHT, 0)
            : Math.min(directory.number(ROWS_PER_STRIP, layout.height), layout.height);
    if (columns < 1 || rows < 1) {
      throw malformed("has parts without pixels");
    }
    limits.check(columns, rows);
    limits.checkDepth(columns, rows, layout.samples * layout.bits);
    long across = (layout.width + columns - 1) / columns;
    long down = (layout.height + rows - 1) / rows;
    long[] offsets = directory.numbers(tiles ? TILE_OFFSETS : STRIP_OFFSETS);
    if (offsets.length != across * down * layout.planeCount()) {
      throw malformed(
          "has %d parts instead of %d"
              .formatted(offsets.length, across * down * layout.planeCount()));
    }
    long[] lengths = directory.numbers(tiles ? TILE_LENGTHS : STRIP_LENGTHS);
    if (lengths.length == 0 && offsets.length == 1 && compression == TiffCompression.NONE) {
      lengths = new long[] {layout.row(columns) * rows};
    }
    if (lengths.length != offsets.length) {
      throw malformed("does not say how long its parts are");
    }
    if (Arrays.stream(lengths).sum() > encoded.length) {
      throw TiffDirectory.truncated();
    }
    ByteArrayOutputStream data = new ByteArrayOutputStream(encoded.length);
    long[] places = new long[offsets.length];
    for (int i = 0; i < offsets.length; i++) {
      if (offsets[i] + lengths[i] > encoded.length) {
        throw TiffDirectory.truncated();
      }
      byte[] part = Arrays.copyOfRange(encoded, (int) offsets[i], (int) (offsets[i] + lengths[i]));
      boolean lastRow = !tiles && i % down == down - 1;
      long needed = layout.row(columns) * (lastRow ? layout.height - (down - 1) * rows : rows);
      TiffCompression.Unpacked unpacked = compression.unpacked(part, needed + MOST_SURPLUS);
      requireLength(unpacked.length(), needed);
      if (unpacked.rest() == TiffCompression.Rest.SOME) {
        repairs.add(Repair.SURPLUS_IMAGE_DATA);
      }
      places[i] = data.size();
      data.writeBytes(part);
    }
    fields.put(tiles ? TILE_OFFSETS : STRIP_OFFSETS, places);
    fields.put(tiles ? TILE_LENGTHS : STRIP_LENGTHS, lengths);
    if (tiles) {
      fields.put(TILE_WIDTH, new long[] {columns});
      fields.put(TILE_HEIGHT, new long[] {rows});
    } else {
      fields.put(ROWS_PER_STRIP, new long[] {rows});
    }
    return data.toByteArray();
  }

  private void requireLength(long unpacked, long needed) throws ImageRejectedException {
    if (unpacked < needed) {
      throw new ImageRejectedException(
          Reason.TRUNCATED,
          "The TIFF has a part of %d bytes instead of %d".formatted(unpacked, needed));
    }
    if (unpacked > needed) {
      repairs.add(Repair.SURPLUS_IMAGE_DATA);
    }
  }

  /** A file with the picture first and its directory behind. */
  private byte[] rebuilt(byte[] picture, Map<Integer, long[]> fields, int offsetsTag) {
    int directoryAt = HEADER + picture.length + (picture.length & 1);
    int valuesAt = directoryAt + 2 + 12 * fields.size() + 4;
    int values = fields.values().stream().mapToInt(numbers -> 4 * numbers.length).sum();
    ByteBuffer out = ByteBuffer.allocate(valuesAt + values).order(directory.order());
    out.put(encoded, 0, 4).putInt(directoryAt).put(picture).position(directoryAt);
    out.putShort((short) fields.size());
    int free = valuesAt;
    for (Map.Entry<Integer, long[]> field : fields.entrySet()) {
      long[] numbers = field.getValue();
      boolean place = field.getKey() == offsetsTag;
      int type =
          place || field.getKey() == STRIP_LENGTHS || field.getKey() == TILE_LENGTHS ? LONG : SHORT;
      int size = type == LONG ? 4 : 2;
      out.putShort(field.getKey().shortValue()).putShort((short) type).putInt(numbers.length);
      int at = out.position();
      if (numbers.length * size > 4) {
        out.putInt(at, free);
        at = free;
        free += numbers.length * size;
      }
      for (int i = 0; i < numbers.length; i++) {
        if (type == LONG) {
          out.putInt(at + 4 * i, (int) (place ? HEADER + numbers[i] : numbers[i]));
        } else {
          out.putShort(at + 2 * i, (short) numbers[i]);
        }
      }
      out.position(out.position() + 4);
    }
    out.putInt(0);
    return out.array();
  }

  private static ImageRejectedException unsupported(String what) {
    return new ImageRejectedException(
        Reason.UNSUPPORTED, "The TIFF has " + what + ", which is not read; convert it");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The TIFF " + what);
  }
}
