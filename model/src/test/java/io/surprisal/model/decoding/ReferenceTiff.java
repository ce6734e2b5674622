package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.Reference.known;
import static io.surprisal.model.decoding.Reference.require;

import io.surprisal.model.decoding.Reference.Damaged;
import io.surprisal.model.decoding.Reference.Unknown;
import io.surprisal.model.images.PixelImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** TIFF 6.0 in strips: grey and colour of 8 and 16 bits, plain, LZW, deflate and PackBits. */
final class ReferenceTiff {
  private static final Set<Integer> KNOWN =
      Set.of(256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 339);

  /** Of the resolution, which is of no interest whatever it is. */
  private static final Set<Integer> IDLE = Set.of(282, 283, 296);

  private final byte[] file;
  private final ByteBuffer in;
  private final Map<Integer, int[]> fields = new HashMap<>();

  ReferenceTiff(byte[] file) throws Damaged, Unknown {
    this.file = file;
    in =
        ByteBuffer.wrap(file)
            .order(file[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    require(file[0] == file[1] && in.getShort(2) == 42, "signature");
    int at = in.getInt(4);
    require(at >= 8, "place of the directory");
    int count = in.getShort(at) & 0xffff;
    for (int i = 0; i < count; i++) {
      read(at + 2 + 12 * i);
    }
  }

  private void read(int at) throws Damaged, Unknown {
    int tag = in.getShort(at) & 0xffff;
    int type = in.getShort(at + 2);
    int count = in.getInt(at + 4);
    if (IDLE.contains(tag)) {
      return;
    }
    known(KNOWN.contains(tag) && !fields.containsKey(tag), "tag " + tag);
    known((type == 3 || type == 4) && count > 0 && count < 1000, "values of tag " + tag);
    int size = type == 3 ? 2 : 4;
    int from = count * size <= 4 ? at + 8 : in.getInt(at + 8);
    require(from >= 0, "place of tag " + tag);
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = size == 2 ? in.getShort(from + 2 * i) & 0xffff : in.getInt(from + 4 * i);
    }
    fields.put(tag, values);
  }

  private int number(int tag, int otherwise) {
    return fields.containsKey(tag) ? fields.get(tag)[0] : otherwise;
  }

  PixelImage decode() throws Damaged, Unknown {
    int width = number(256, 0);
    int height = number(257, 0);
    int samples = number(277, 1);
    int[] bits = fields.getOrDefault(258, new int[] {1});
    require(width > 0 && height > 0, "size");
    known(width <= 64 && height <= 64, "large");
    int photometric = number(262, -1);
    known((samples == 1 && photometric == 1) || (samples == 3 && photometric == 2), "colours");
    known(bits.length == samples && Arrays.stream(bits).allMatch(b -> b == bits[0]), "bits");
    known(bits[0] == 8 || bits[0] == 16, "bits");
    known(number(284, 1) == 1, "planes");
    known(Arrays.stream(fields.getOrDefault(339, new int[0])).allMatch(f -> f == 1), "format");
    known(fields.containsKey(278) && number(278, 0) > 0, "rows of a strip");
    int rows = Math.min(number(278, 0), height);
    int strips = (height + rows - 1) / rows;
    int[] places = fields.getOrDefault(273, new int[0]);
    int[] lengths = fields.getOrDefault(279, new int[0]);
    known(places.length == strips && lengths.length == strips, "strips");
    int row = width * samples * bits[0] / 8;
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < strips; i++) {
      require(places[i] >= 0 && lengths[i] >= 0, "place of a strip");
      require((long) places[i] + lengths[i] <= file.length, "place of a strip");
      byte[] strip = Arrays.copyOfRange(file, places[i], places[i] + lengths[i]);
      all.writeBytes(unpacked(strip, row * Math.min(rows, height - i * rows)));
    }
    return image(all.toByteArray(), width, height, samples, bits[0]);
  }

  private PixelImage image(byte[] data, int width, int height, int samples, int bits)
      throws Unknown {
    int predictor = number(259, 1) == 5 || number(259, 1) == 8 ? number(317, 1) : 1;
    known(predictor == 1 || predictor == 2, "predictor");
    int[] levels = new int[samples * width * height];
    byte[] bytes = new byte[levels.length];
    int most = (1 << bits) - 1;
    ByteBuffer values = ByteBuffer.wrap(data).order(in.order());
    for (int i = 0; i < levels.length; i++) {
      levels[i] = bits == 8 ? data[i] & 0xff : values.getShort(2 * i) & 0xffff;
      if (predictor == 2 && i % (samples * width) >= samples) {
        levels[i] = (levels[i] + levels[i - samples]) & most;
      }
      bytes[i] = (byte) ((levels[i] * 255 + most / 2) / most);
    }
    return PixelImage.ofInterleaved(samples, height, width, bytes);
  }

  private byte[] unpacked(byte[] strip, int length) throws Damaged, Unknown {
    switch (number(259, 1)) {
      case 1 -> {
        require(strip.length == length, "length of a strip");
        return strip;
      }
      case 5 -> {
        return lzw(strip, length);
      }
      case 8, 32946 -> {
        return Reference.inflated(strip, length);
      }
      case 32773 -> {
        return runs(strip, length);
      }
      default -> throw new Unknown("compression");
    }
  }

  private static byte[] runs(byte[] packed, int length) throws Damaged {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = 0;
    while (out.size() < length) {
      int n = packed[at++];
      if (n >= 0) {
        out.write(packed, at, n + 1);
        at += n + 1;
      } else if (n != -128) {
        for (int i = 0; i <= -n; i++) {
          out.write(packed[at]);
        }
        at++;
      }
    }
    require(out.size() == length && at == packed.length, "length of runs");
    return out.toByteArray();
  }

  private static byte[] lzw(byte[] packed, int length) throws Damaged {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[][] table = new byte[4096][];
    for (int i = 0; i < 256; i++) {
      table[i] = new byte[] {(byte) i};
    }
    int next = 258;
    byte[] previous = null;
    int bit = 0;
    while (true) {
      int size = next < 511 ? 9 : next < 1023 ? 10 : next < 2047 ? 11 : 12;
      if (bit + size > 8 * packed.length) {
        require(out.size() == length, "LZW ends early"); // some writers leave the last code out
        return out.toByteArray();
      }
      int code = 0;
      for (int i = 0; i < size; i++, bit++) {
        code = (code << 1) | ((packed[bit / 8] >> (7 - bit % 8)) & 1);
      }
      if (code == 257) {
        break;
      }
      if (code == 256) {
        next = 258;
        previous = null;
        continue;
      }
      byte[] string;
      if (code < 256 || (code < next && code != 257)) {
        string = table[code];
      } else {
        require(code == next && previous != null, "LZW code");
        string = Arrays.copyOf(previous, previous.length + 1);
        string[previous.length] = previous[0];
      }
      out.writeBytes(string);
      if (previous != null) {
        require(next < 4096, "LZW table");
        byte[] added = Arrays.copyOf(previous, previous.length + 1);
        added[previous.length] = string[0];
        table[next++] = added;
      }
      previous = string;
      require(out.size() <= length, "LZW goes on");
    }
    require(out.size() == length && (bit + 7) / 8 == packed.length, "length of LZW");
    return out.toByteArray();
  }
}
