package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;

/** The bits between two markers of a scan, without the zeros that are stuffed behind FF. */
final class JpegBits {
  private final byte[] encoded;
  private final int end;

  /** The next byte to be taken. */
  private int at;

  /** Bits that were taken and not yet used, the next one highest of {@link #held}. */
  private long bits;

  private int held;

  /** How many zeros were put behind the end, to look ahead; not there. */
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

  /** The next 16 bits, with zeros where there are fewer. */
  int peek16() {
    while (held < 16) {
      fill();
    }
    return (int) (bits >>> (held - 16)) & 0xffff;
  }

  private void fill() {
    int value = 0;
    if (at < end) {
      value = Byte.toUnsignedInt(encoded[at++]);
      if (value == 0xff && at < end && encoded[at] == 0) {
        at++;
      }
    } else {
      borrowed += 8;
    }
    bits = bits << 8 | value;
    held += 8;
  }

  /**
   * Uses bits up.
   *
   * @throws ImageRejectedException if there are not so many
   */
  void skip(int count) throws ImageRejectedException {
    while (held < count) {
      fill();
    }
    held -= count;
    if (held < borrowed) {
      throw new ImageRejectedException(
          Reason.TRUNCATED, "The JPEG's scan ends before the picture does");
    }
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
