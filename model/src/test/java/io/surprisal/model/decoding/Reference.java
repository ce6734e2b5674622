package io.surprisal.model.decoding;

import io.surprisal.model.images.PixelImage;
import java.nio.BufferUnderflowException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decoders to compare with: written after the formats' specifications, plainly, with no line and no
 * library in common with the one that is tested. They know the usual kinds of each format, and of
 * these they take nothing that is not as it should be.
 */
final class Reference {
  private Reference() {}

  /** The file, or a part of it that carries pixels or structure, is not as it should be. */
  static final class Damaged extends Exception {
    private static final long serialVersionUID = 1L;

    Damaged(String what) {
      super(what);
    }
  }

  /** The file is of a kind that the reference does not know, whether it is whole or not. */
  static final class Unknown extends Exception {
    private static final long serialVersionUID = 1L;

    Unknown(String what) {
      super(what);
    }
  }

  /**
   * A picture.
   *
   * @param tolerance how far a sample may lie from another decoder's: 0 where the format says all
   */
  record Picture(PixelImage pixels, int tolerance) {}

  /** Decodes a file of a format. */
  static Picture decode(ImageFormat format, byte[] file) throws Damaged, Unknown {
    try {
      return switch (format) {
        case PNG -> new Picture(ReferencePng.decode(file), 0);
        case JPEG -> new Picture(new ReferenceJpeg(file).decode(), 3);
        case TIFF -> new Picture(new ReferenceTiff(file).decode(), 0);
        case BMP -> new Picture(ReferenceBmp.decode(file), 0);
        default -> throw new Unknown(format.toString());
      };
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new Damaged("it ends early");
    }
  }

  static void require(boolean holds, String what) throws Damaged {
    if (!holds) {
      throw new Damaged(what);
    }
  }

  static void known(boolean is, String what) throws Unknown {
    if (!is) {
      throw new Unknown(what);
    }
  }

  /** Inflates to a stated length, neither more nor less. */
  static byte[] inflated(byte[] deflated, int length) throws Damaged {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(deflated);
      byte[] plain = new byte[length + 1];
      int got = 0;
      while (!inflater.finished() && got <= length) {
        int more = inflater.inflate(plain, got, plain.length - got);
        if (more == 0 && !inflater.finished()) {
          throw new Damaged("deflated data ends early");
        }
        got += more;
      }
      require(inflater.finished() && got == length, "another length than stated");
      require(inflater.getRemaining() == 0, "more than the deflated data");
      return Arrays.copyOf(plain, length);
    } catch (DataFormatException e) {
      throw new Damaged("deflated data");
    } finally {
      inflater.end();
    }
  }
}
