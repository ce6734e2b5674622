package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.Reference.known;
import static io.surprisal.model.decoding.Reference.require;

import io.surprisal.model.decoding.Reference.Damaged;
import io.surprisal.model.decoding.Reference.Unknown;
import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Windows bitmaps of palettes, 24 and 32 bits, with the plain header. */
final class ReferenceBmp {
  private ReferenceBmp() {}

  static PixelImage decode(byte[] file) throws Damaged, Unknown {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    require(file[0] == 'B' && file[1] == 'M', "signature");
    known(in.getInt(14) == 40, "another header");
    int width = in.getInt(18);
    int stated = in.getInt(22);
    int height = Math.abs(stated);
    int bits = in.getShort(28);
    known(bits == 8 || bits == 24 || bits == 32, "bits");
    known(in.getInt(30) == 0, "compressed");
    require(width > 0 && height > 0, "size");
    known(width <= 64 && height <= 64, "large");
    int pixels = in.getInt(10);
    int row = (width * bits / 8 + 3) / 4 * 4;
    int colours = in.getInt(46) == 0 ? 256 : in.getInt(46);
    known(bits != 8 || (colours > 0 && colours <= 256), "number of colours");
    known(pixels >= 54 + (bits == 8 ? 4 * colours : 0), "pixels within the palette");
    require(pixels + row * height <= file.length, "too short");
    byte[] bytes = new byte[3 * width * height];
    for (int y = 0; y < height; y++) {
      int from = pixels + (stated < 0 ? y : height - 1 - y) * row;
      for (int x = 0; x < width; x++) {
        int at = from + x * bits / 8;
        if (bits == 8) {
          int index = file[at] & 0xff;
          known(index < colours, "a colour that the palette lacks");
          at = 54 + 4 * index;
        }
        for (int channel = 0; channel < 3; channel++) {
          bytes[(y * width + x) * 3 + channel] = file[at + 2 - channel];
        }
      }
    }
    require(
        file.length <= Math.max(pixels + row * height, Integer.toUnsignedLong(in.getInt(2))),
        "bytes after the end");
    return PixelImage.ofInterleaved(3, height, width, bytes);
  }
}
