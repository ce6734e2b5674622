package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.Reference.known;
import static io.surprisal.model.decoding.Reference.require;

import io.surprisal.model.decoding.Reference.Damaged;
import io.surprisal.model.decoding.Reference.Unknown;
import io.surprisal.model.images.PixelImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.zip.CRC32;

/** PNG (third edition) of grey, colour and palettes, without alpha. */
final class ReferencePng {
  private static final int[][] PASSES = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private ReferencePng() {}

  static PixelImage decode(byte[] file) throws Damaged, Unknown {
    require(Arrays.equals(file, 0, 8, EncodedImages.pngOf(), 0, 8), "signature");
    ByteBuffer in = ByteBuffer.wrap(file).position(8);
    ByteArrayOutputStream deflated = new ByteArrayOutputStream();
    ByteBuffer header = null;
    byte[] palette = null;
    String last = "";
    for (String type = ""; !type.equals("IEND"); last = type) {
      int length = in.getInt();
      require(length >= 0 && length <= in.remaining() - 8, "length of a chunk");
      CRC32 crc = new CRC32();
      crc.update(file, in.position(), length + 4);
      byte[] name = new byte[4];
      in.get(name);
      type = new String(name, StandardCharsets.ISO_8859_1);
      byte[] body = new byte[length];
      in.get(body);
      require(in.getInt() == (int) crc.getValue(), "checksum of " + type);
      require(header != null || type.equals("IHDR"), "no IHDR");
      switch (type) {
        case "IHDR" -> {
          require(header == null && length == 13, "IHDR");
          header = ByteBuffer.wrap(body);
        }
        case "PLTE" -> {
          require(palette == null && length % 3 == 0 && length > 0 && length <= 768, "PLTE");
          require(deflated.size() == 0, "PLTE behind the image");
          palette = body;
        }
        case "IDAT" -> {
          require(deflated.size() == 0 || last.equals("IDAT"), "IDAT apart");
          deflated.writeBytes(body);
        }
        case "IEND" -> require(length == 0, "IEND");
        default -> known(Set.of("tEXt", "gAMA", "pHYs").contains(type), type);
      }
    }
    require(!in.hasRemaining(), "bytes after the end");
    return pixels(header, palette, deflated.toByteArray());
  }

  private static PixelImage pixels(ByteBuffer header, byte[] palette, byte[] deflated)
      throws Damaged, Unknown {
    int width = header.getInt(0);
    int height = header.getInt(4);
    int depth = header.get(8);
    int type = header.get(9);
    require(width > 0 && height > 0, "size");
    known(width <= 64 && height <= 64, "large");
    known(type == 0 || type == 2 || type == 3, "alpha, or no type");
    require(Set.of(1, 2, 4, 8, 16).contains(depth), "depth");
    require(type == 0 || (type == 2 ? depth >= 8 : depth <= 8), "depth of the type");
    require(header.get(10) == 0 && header.get(11) == 0, "method");
    require(header.get(12) == 0 || header.get(12) == 1, "interlace");
    require(type != 3 || palette != null, "no palette");
    int samples = type == 2 ? 3 : 1;
    int[][] passes = header.get(12) == 0 ? new int[][] {{0, 0, 1, 1}} : PASSES;
    int length = 0;
    for (int[] pass : passes) {
      int columns = (width - pass[0] + pass[2] - 1) / pass[2];
      int rows = (height - pass[1] + pass[3] - 1) / pass[3];
      length += columns == 0 ? 0 : rows * (1 + (columns * samples * depth + 7) / 8);
    }
    byte[] data = Reference.inflated(deflated, length);
    int[] levels = new int[samples * width * height];
    int at = 0;
    for (int[] pass : passes) {
      int columns = (width - pass[0] + pass[2] - 1) / pass[2];
      int rows = columns == 0 ? 0 : (height - pass[1] + pass[3] - 1) / pass[3];
      byte[] above = new byte[(columns * samples * depth + 7) / 8];
      for (int y = 0; y < rows; y++) {
        byte[] row = Arrays.copyOfRange(data, at + 1, at + 1 + above.length);
        unfilter(data[at], row, above, Math.max(1, samples * depth / 8));
        at += 1 + row.length;
        above = row;
        for (int i = 0; i < columns * samples; i++) {
          int x = pass[0] + i / samples * pass[2];
          levels[((pass[1] + y * pass[3]) * width + x) * samples + i % samples] =
              sample(row, i, depth);
        }
      }
    }
    return image(levels, width, height, samples, depth, palette, type == 3);
  }

  private static int sample(byte[] row, int i, int depth) {
    return switch (depth) {
      case 16 -> ((row[2 * i] & 0xff) << 8) | (row[2 * i + 1] & 0xff);
      case 8 -> row[i] & 0xff;
      default -> ((row[i * depth / 8] & 0xff) >> (8 - depth - i * depth % 8)) & ((1 << depth) - 1);
    };
  }

  private static void unfilter(byte filter, byte[] row, byte[] above, int step) throws Damaged {
    require(filter >= 0 && filter <= 4, "filter");
    for (int i = 0; i < row.length; i++) {
      int left = i < step ? 0 : row[i - step] & 0xff;
      int up = above[i] & 0xff;
      int corner = i < step ? 0 : above[i - step] & 0xff;
      int p = left + up - corner;
      int nearest =
          Math.abs(p - left) <= Math.abs(p - up) && Math.abs(p - left) <= Math.abs(p - corner)
              ? left
              : Math.abs(p - up) <= Math.abs(p - corner) ? up : corner;
      int[] predictions = {0, left, up, (left + up) / 2, nearest};
      row[i] = (byte) (row[i] + predictions[filter]);
    }
  }

  private static PixelImage image(
      int[] levels, int width, int height, int samples, int depth, byte[] palette, boolean indexed)
      throws Damaged {
    if (!indexed) {
      byte[] bytes = new byte[levels.length];
      for (int i = 0; i < bytes.length; i++) {
        int most = (1 << depth) - 1;
        bytes[i] = (byte) ((levels[i] * 255 + most / 2) / most);
      }
      return PixelImage.ofInterleaved(samples, height, width, bytes);
    }
    byte[] bytes = new byte[3 * levels.length];
    for (int i = 0; i < levels.length; i++) {
      require(3 * levels[i] < palette.length, "a colour that the palette lacks");
      System.arraycopy(palette, 3 * levels[i], bytes, 3 * i, 3);
    }
    return PixelImage.ofInterleaved(3, height, width, bytes);
  }
}
