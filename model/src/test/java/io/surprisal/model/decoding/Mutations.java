package io.surprisal.model.decoding;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;

/**
 * Damages files as cables, discs, writers and attackers do; a pure function of the random source.
 */
final class Mutations {
  private static final int[] NUMBERS = {
    0, 1, 2, 3, 4, 7, 8, 15, 16, 127, 128, 255, 256, 32767, 65535, 0x7fffffff, 0x80000000, -1, -2
  };

  private static final int[] MARKERS = {
    0x00, 0xc0, 0xc2, 0xc4, 0xd0, 0xd1, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdd, 0xe0, 0xe1, 0xfe, 0xff
  };

  private final Random random;
  private final List<byte[]> others;

  /**
   * @param others parts of which may get into a file
   */
  Mutations(Random random, List<byte[]> others) {
    this.random = random;
    this.others = others;
  }

  /** Some changes; half of the time with the checksums of a PNG set right afterwards. */
  byte[] of(byte[] whole) {
    byte[] damaged = whole.clone();
    int changes = 1 + random.nextInt(random.nextInt(8) + 1);
    for (int i = 0; i < changes && damaged.length > 4; i++) {
      damaged = changed(damaged);
    }
    return random.nextBoolean() ? withTrueChecksums(damaged) : damaged;
  }

  private byte[] changed(byte[] file) {
    // Headers are small beside image data, and decide more.
    int at = random.nextInt(random.nextBoolean() ? file.length : Math.min(file.length, 200));
    int count = 1 + random.nextInt(Math.min(16, file.length - at));
    byte[] damaged = file.clone();
    switch (random.nextInt(16)) {
      case 0 -> {
        return EncodedImages.without(file, at, count);
      }
      case 1 -> {
        byte[] surplus = new byte[count];
        random.nextBytes(surplus);
        return EncodedImages.inserted(file, at, surplus);
      }
      case 2 -> Arrays.fill(damaged, at, at + count, (byte) 0);
      case 3 -> {
        return Arrays.copyOf(file, at + 1);
      }
      case 4 -> {
        byte[] part = Arrays.copyOfRange(file, at, Math.min(file.length, at + 8 * count));
        return EncodedImages.inserted(file, random.nextInt(file.length), part);
      }
      case 5 -> {
        byte[] other = others.get(random.nextInt(others.size()));
        int from = random.nextInt(other.length);
        return EncodedImages.concat(
            Arrays.copyOf(file, at), Arrays.copyOfRange(other, from, other.length));
      }
      case 6 -> {
        byte[] marker = {(byte) 0xff, (byte) MARKERS[random.nextInt(MARKERS.length)]};
        return EncodedImages.inserted(file, at, marker);
      }
      case 7, 8 -> {
        byte[] number = number();
        System.arraycopy(number, 0, damaged, at, Math.min(number.length, file.length - at));
      }
      case 9 -> {
        return EncodedImages.concat(file, Arrays.copyOfRange(file, at, at + count));
      }
      case 10 -> swap(damaged, at, random.nextInt(file.length), count);
      default -> damaged[at] ^= (byte) (1 << random.nextInt(8));
    }
    return damaged;
  }

  private static void swap(byte[] file, int one, int other, int count) {
    for (int i = 0; i < count && Math.max(one, other) + i < file.length; i++) {
      byte kept = file[one + i];
      file[one + i] = file[other + i];
      file[other + i] = kept;
    }
  }

  /** One of those at which something happens, of 1 to 4 bytes, in either order. */
  private byte[] number() {
    int number = NUMBERS[random.nextInt(NUMBERS.length)];
    if (random.nextBoolean()) {
      number = Integer.reverseBytes(number);
    }
    byte[] bytes = ByteBuffer.allocate(4).putInt(number).array();
    int from = random.nextInt(4);
    return random.nextBoolean()
        ? Arrays.copyOf(bytes, 1 + from)
        : Arrays.copyOfRange(bytes, from, 4);
  }

  /** A PNG whose chunks have the checksums of what they hold, as far as their lengths go. */
  static byte[] withTrueChecksums(byte[] file) {
    if (!PngGuard.recognises(file, 0)) {
      return file;
    }
    ByteBuffer out = ByteBuffer.wrap(file.clone());
    for (int at = 8; at + 12 <= out.limit(); ) {
      int length = out.getInt(at);
      if (length < 0 || length > out.limit() - at - 12) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(out.array(), at + 4, length + 4);
      out.putInt(at + 8 + length, (int) crc.getValue());
      at += length + 12;
    }
    return out.array();
  }
}
