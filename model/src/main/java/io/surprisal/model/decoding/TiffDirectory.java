package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** The fields of a TIFF's first directory that hold whole numbers (TIFF 6.0, section 2). */
final class TiffDirectory {
  private static final int BYTE = 1;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int ENTRY = 12;

  /** Most numbers of a field: a palette of 16 bits, and more parts than rows. */
  private static final int MOST_NUMBERS = 3 << 16;

  private final ByteBuffer in;

  /** Where the entry of a tag lies. */
  private final Map<Integer, Integer> entries = new HashMap<>();

  /**
   * Reads the places of the fields.
   *
   * @param encoded with a TIFF's header
   */
  TiffDirectory(byte[] encoded) throws ImageRejectedException {
    in =
        ByteBuffer.wrap(encoded)
            .order(encoded[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long directory = Integer.toUnsignedLong(in.getInt(4));
    if (directory < 8 || directory + 2 > encoded.length) {
      throw truncated();
    }
    int count = Short.toUnsignedInt(in.getShort((int) directory));
    if (directory + 2 + (long) ENTRY * count > encoded.length) {
      throw truncated();
    }
    for (int i = 0; i < count; i++) {
      int at = (int) directory + 2 + ENTRY * i;
      entries.putIfAbsent(Short.toUnsignedInt(in.getShort(at)), at);
    }
  }

  ByteOrder order() {
    return in.order();
  }

  boolean has(int tag) {
    return entries.containsKey(tag);
  }

  /** The first number of a field, or what holds where it is missing. */
  long number(int tag, long otherwise) throws ImageRejectedException {
    long[] numbers = numbers(tag);
    return numbers.length == 0 ? otherwise : numbers[0];
  }

  /** The numbers of a field; none where it is missing. */
  long[] numbers(int tag) throws ImageRejectedException {
    Integer at = entries.get(tag);
    if (at == null) {
      return new long[0];
    }
    int type = in.getShort(at + 2);
    long count = Integer.toUnsignedLong(in.getInt(at + 4));
    int size = type == BYTE ? 1 : type == SHORT ? 2 : type == LONG ? 4 : 0;
    if (size == 0 || count == 0 || count > MOST_NUMBERS) {
      throw new ImageRejectedException(
          Reason.MALFORMED,
          "The TIFF has %d values of type %d in its field %d".formatted(count, type, tag));
    }
    long from = count * size <= 4 ? at + 8 : Integer.toUnsignedLong(in.getInt(at + 8));
    if (from + count * size > in.capacity()) {
      throw truncated();
    }
    long[] numbers = new long[(int) count];
    for (int i = 0; i < numbers.length; i++) {
      int place = (int) from + i * size;
      numbers[i] =
          switch (size) {
            case 1 -> Byte.toUnsignedInt(in.get(place));
            case 2 -> Short.toUnsignedInt(in.getShort(place));
            default -> Integer.toUnsignedLong(in.getInt(place));
          };
    }
    return numbers;
  }

  static ImageRejectedException truncated() {
    return new ImageRejectedException(
        Reason.TRUNCATED, "The TIFF ends before its directory or its image data does");
  }
}
