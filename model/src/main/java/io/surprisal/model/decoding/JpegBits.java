package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The bits between two markers of a scan, without the zeros that are stuffed behind FF. */
final class JpegBits {

  private static final VarHandle FOUR =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  /** The longest code and the bits behind it. */
  private static final int READY = 31;

  private final byte[] encoded;
  private final int end;

  /** The next byte to be taken. */
  private int at;

  /** Bits that were taken and not yet used, the next one highest of {@link #held}. */
  private long bits;

  private int held;

  /** How many zero bits were put behind the end, to look ahead; not there. */
  private int borrowed;

  /**
   * Of a part of a scan.
   *
   * @param end first byte behind it
   */
  JpegBits(byte[] encoded, int from, int end) {
    this.encoded = encoded;
    this.end = end;
    at = from;
  }

  /** The next 16 bits, with zeros where there are fewer; 15 more lie ready behind them. */
  private int peek16() {
    if (held < READY) {
      fill();
    }
    return (int) (bits >>> (held - 16)) & 0xffff;
  }

  /**
   * The symbol of the next code.
   *
   * @throws ImageRejectedException if no code begins so, or the data ends
   */
  int symbol(HuffmanTable table) throws ImageRejectedException {
    int found = table.find(peek16());
    skip(found >> 8);
    return found & 0xff;
  }

  /**
   * The symbol of the next code, with the bits behind it used up that its lower half says. They may
   * lie behind the end; {@link #requireReal} says.
   *
   * @throws ImageRejectedException if no code begins so
   */
  int symbolWithBits(HuffmanTable table) throws ImageRejectedException {
    int found = table.find(peek16());
    held -= (found >> 8) + (found & 15);
    return found & 0xff;
  }

  /**
   * No bit was used that is not there.
   *
   * @throws ImageRejectedException if one was
   */
  void requireReal() throws ImageRejectedException {
    if (held < borrowed) {
      throw new ImageRejectedException(
          Reason.TRUNCATED, "The JPEG's scan ends before the picture does");
    }
  }

  private void fill() {
    if (held <= Integer.SIZE && at + Integer.BYTES <= end) {
      int four = (int) FOUR.get(encoded, at);
      if (((~four - 0x01010101) & four & 0x80808080) == 0) { // none is FF
        bits = (bits << Integer.SIZE) | Integer.toUnsignedLong(four);
        held += Integer.SIZE;
        at += Integer.BYTES;
        return;
      }
    }
    while (held <= Long.SIZE - Byte.SIZE) {
      int value = 0;
      if (at < end) {
        value = encoded[at++] & 0xff;
        if (value == 0xff && at < end && encoded[at] == 0) {
          at++;
        }
      } else {
        borrowed += Byte.SIZE;
      }
      bits = (bits << Byte.SIZE) | value;
      held += Byte.SIZE;
    }
  }

  /**
   * Uses bits up, at most 31.
   *
   * @throws ImageRejectedException if there are not so many
   */
  void skip(int count) throws ImageRejectedException {
    if (held < count) {
      fill();
    }
    held -= count;
    requireReal();
  }

  /** The next bits, at most 16, as a number. */
  int next(int count) throws ImageRejectedException {
    int value = count == 0 ? 0 : peek16() >> (16 - count);
    skip(count);
    return value;
  }

  /** Where the first byte lies of which no bit was used; the bits before it are given up. */
  int align() {
    int unused = (held - borrowed) / 8;
    for (int i = 0; i < unused; i++) {
      at--;
      if (encoded[at] == 0 && at > 0 && encoded[at - 1] == (byte) 0xff) {
        at--;
      }
    }
    bits = 0;
    held = 0;
    borrowed = 0;
    return at;
  }
}
