package io.surprisal.model.decoding;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The second bytes of markers (ITU-T T.81, table B.1), and where a scan's data ends. */
final class JpegMarker {
  static final int SOF0 = 0xc0;
  static final int SOF1 = 0xc1;
  static final int SOF2 = 0xc2;
  static final int SOF3 = 0xc3;
  static final int DHT = 0xc4;
  static final int JPG = 0xc8;
  static final int DAC = 0xcc;
  static final int SOF15 = 0xcf;
  static final int RST0 = 0xd0;
  static final int RST7 = 0xd7;
  static final int SOI = 0xd8;
  static final int EOI = 0xd9;
  static final int SOS = 0xda;
  static final int DQT = 0xdb;
  static final int DRI = 0xdd;
  static final int APP0 = 0xe0;
  static final int APP1 = 0xe1;
  static final int APP2 = 0xe2;
  static final int APP14 = 0xee;

  /** First one of JPEG-LS (ITU-T T.87). */
  static final int SOF55 = 0xf7;

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private JpegMarker() {}

  static boolean isRestart(int marker) {
    return marker >= RST0 && marker <= RST7;
  }

  /**
   * Where the entropy-coded data that begins at a place ends: at the marker of the next segment, or
   * the length. Stuffed zeros, restart markers, fill bytes and what no marker is belong to it.
   */
  static int endOfScan(byte[] encoded, int from) {
    int at = next(encoded, from);
    while (at < encoded.length && isRestart(Byte.toUnsignedInt(encoded[at + 1]))) {
      at = next(encoded, at + 2);
    }
    return at;
  }

  /**
   * Where the next marker in entropy-coded data begins, or the length. Stuffed zeros, fill bytes
   * and what no marker is are passed over.
   */
  static int next(byte[] encoded, int from) {
    for (int at = from; at + 1 < encoded.length; at++) {
      while (at + Long.BYTES + 1 < encoded.length && !hasOnes((long) EIGHT.get(encoded, at))) {
        at += Long.BYTES;
      }
      if (encoded[at] == (byte) 0xff) {
        int next = Byte.toUnsignedInt(encoded[at + 1]);
        if (next >= SOF0 && next != 0xff) {
          return at;
        }
      }
    }
    return encoded.length;
  }

  /** Whether one of eight bytes is FF: subtracting from it alone, as zero, borrows. */
  private static boolean hasOnes(long eight) {
    return ((~eight - 0x0101010101010101L) & eight & 0x8080808080808080L) != 0;
  }
}
