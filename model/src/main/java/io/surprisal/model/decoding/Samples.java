package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * From a decoder's raster to grey or colour of 8 bits. Levels are taken as they are: no colour
 * profile, no gamma.
 *
 * <p>Few bits are spread over 0 to 255, 16 bits by the levels of the {@link Interpretation}, ink
 * becomes light as (255 − colour)(255 − black) / 255, and what is transparent shows the background.
 */
final class Samples {
  private static final int OPAQUE = 255;

  /** One part in so many of the background may show before it is said. */
  private static final int UNSEEN = 50;

  private final Interpretation how;
  private final VettedImage.Ink ink;
  private final Set<Repair> repairs;

  /**
   * For a file.
   *
   * @param repairs {@link Repair#TRANSLUCENT} is added where it applies
   */
  Samples(Interpretation how, VettedImage.Ink ink, Set<Repair> repairs) {
    this.how = how;
    this.ink = ink;
    this.repairs = repairs;
  }

  /** Of a raster of its colour model; ink has none. */
  PixelImage of(Raster raster, @Nullable ColorModel colours) throws ImageRejectedException {
    if (ink.isPrinted()) {
      return fromInk(raster);
    }
    return colours instanceof IndexColorModel palette
        ? fromPalette(raster, palette)
        : fromBands(raster, colours);
  }

  private PixelImage fromPalette(Raster raster, IndexColorModel palette)
      throws ImageRejectedException {
    boolean grey = true;
    for (int i = 0; i < palette.getMapSize(); i++) {
      grey &= palette.getRed(i) == palette.getGreen(i) && palette.getRed(i) == palette.getBlue(i);
    }
    int channels = grey ? 1 : 3;
    int width = raster.getWidth();
    int area = width * raster.getHeight();
    byte[] pixels = new byte[channels * area];
    int[] indices = new int[width];
    int[] background = background(channels);
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, indices);
      for (int x = 0; x < width; x++) {
        if (indices[x] >= palette.getMapSize()) {
          throw new ImageRejectedException(
              Reason.MALFORMED, "The image names a colour that its palette lacks");
        }
        int argb = palette.getRGB(indices[x]);
        int alpha = argb >>> 24;
        note(alpha, OPAQUE);
        for (int channel = 0; channel < channels; channel++) {
          int level = argb >> (16 - 8 * channel) & 0xff;
          pixels[channel * area + y * width + x] =
              (byte) inverted(mix(level, background[channel], alpha, OPAQUE));
        }
      }
    }
    return new PixelImage(channels, raster.getHeight(), width, pixels);
  }

  /** Bands as the readers order them: grey or RGB, then alpha if there is one. */
  private PixelImage fromBands(Raster raster, @Nullable ColorModel colours) {
    int bands = raster.getNumBands();
    int channels = bands < 3 ? 1 : 3;
    boolean whole =
        ink == VettedImage.Ink.LIGHT
            && bands == channels
            && raster.getTransferType() == DataBuffer.TYPE_BYTE;
    for (int channel = 0; channel < channels; channel++) {
      whole &= bits(raster, colours, channel) == 8;
    }
    if (whole) {
      return asTheyAre(raster, channels);
    }
    int width = raster.getWidth();
    int area = width * raster.getHeight();
    byte[] pixels = new byte[channels * area];
    int[] row = new int[bands * width];
    int[] background = background(channels);
    byte[][] levels = new byte[channels][];
    for (int channel = 0; channel < channels; channel++) {
      levels[channel] = levels(bits(raster, colours, channel));
    }
    boolean transparent = bands > channels && ink != VettedImage.Ink.LIGHT_AND_OTHER;
    int opaque = transparent ? (1 << bits(raster, colours, channels)) - 1 : 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        int alpha = transparent ? row[x * bands + channels] : 0;
        if (transparent) {
          note(alpha, opaque);
        }
        for (int channel = 0; channel < channels; channel++) {
          byte level = levels[channel][row[x * bands + channel]];
          pixels[channel * area + y * width + x] =
              alpha == opaque
                  ? level
                  : (byte) mix(level & 0xff, background[channel], alpha, opaque);
        }
      }
    }
    return new PixelImage(channels, raster.getHeight(), width, pixels);
  }

  /** Counts the light of a raster of 16 bits by its levels; nothing for others. */
  static void countDeep(Raster raster, long[] counts) {
    int bands = raster.getNumBands();
    int channels = bands < 3 ? 1 : 3;
    if (raster.getSampleModel().getSampleSize(0) != 16) {
      return;
    }
    int[] row = new int[bands * raster.getWidth()];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int i = 0; i < row.length; i++) {
        if (i % bands < channels) {
          counts[row[i]]++;
        }
      }
    }
  }

  /** The usual case, of 8 bits that are opaque: without a look at each level. */
  private static PixelImage asTheyAre(Raster raster, int channels) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    if (channels == 1) {
      return new PixelImage(channels, height, width, grey(raster));
    }
    byte[] pixels = new byte[channels * width * height];
    if (raster.getParent() == null
        && raster.getDataBuffer() instanceof DataBufferByte buffer
        && raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && buffer.getNumBanks() == 1) {
      // Where they lie: to fetch them first takes as long as to part them.
      copy(buffer.getData(), buffer.getOffset(), model, pixels);
    } else {
      for (int channel = 0; channel < channels; channel++) {
        int[] samples = raster.getSamples(0, 0, width, height, channel, (int[]) null);
        for (int i = 0; i < samples.length; i++) {
          pixels[channel * samples.length + i] = (byte) samples[i];
        }
      }
    }
    return new PixelImage(channels, height, width, pixels);
  }

  /** The samples themselves where nothing else lies between them: nobody else has the raster. */
  private static byte[] grey(Raster raster) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    return raster.getParent() == null
            && raster.getDataBuffer() instanceof DataBufferByte buffer
            && raster.getSampleModel() instanceof ComponentSampleModel model
            && model.getPixelStride() == 1
            && model.getScanlineStride() == width
            && buffer.getOffset() + model.getBandOffsets()[0] == 0
            && buffer.getData().length == width * height
        ? buffer.getData()
        : (byte[]) raster.getDataElements(0, 0, width, height, null);
  }

  private static void copy(
      byte[] samples, int offset, PixelInterleavedSampleModel model, byte[] into) {
    int width = model.getWidth();
    int step = model.getPixelStride();
    int at = 0;
    for (int band : model.getBandOffsets()) {
      for (int y = 0; y < model.getHeight(); y++) {
        int from = offset + band + y * model.getScanlineStride();
        for (int end = at + width; at < end; at++) {
          into[at] = samples[from];
          from += step;
        }
      }
    }
  }

  private static int bits(Raster raster, @Nullable ColorModel colours, int band) {
    return colours == null
        ? raster.getSampleModel().getSampleSize(band)
        : colours.getComponentSize(band);
  }

  private PixelImage fromInk(Raster raster) throws ImageRejectedException {
    if (raster.getNumBands() != 4) {
      throw new ImageRejectedException(
          Reason.WRONG_CHANNELS, "The image has " + raster.getNumBands() + " inks instead of 4");
    }
    int flip = ink == VettedImage.Ink.CMYK ? 0xff : 0; // to the light that each ink leaves
    int width = raster.getWidth();
    int area = width * raster.getHeight();
    byte[] pixels = new byte[3 * area];
    int[] row = new int[4 * width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      if (ink == VettedImage.Ink.INVERTED_YCCK) {
        fromLumaAndChroma(row);
      }
      for (int x = 0; x < width; x++) {
        int black = row[4 * x + 3] ^ flip;
        for (int channel = 0; channel < 3; channel++) {
          int light = row[4 * x + channel] ^ flip;
          pixels[channel * area + y * width + x] = (byte) ((light * black + 127) / 255);
        }
      }
    }
    return new PixelImage(3, raster.getHeight(), width, pixels);
  }

  /** As the IJG's library does it (jdcolor.c): ITU-R BT.601 in 16 bits of fraction, inverted. */
  private static void fromLumaAndChroma(int[] row) {
    for (int i = 0; i < row.length; i += 4) {
      int luma = row[i];
      int blue = row[i + 1] - 128;
      int red = row[i + 2] - 128;
      row[i] = clamp(255 - luma - ((91881 * red + 32768) >> 16));
      row[i + 1] = clamp(255 - luma - ((-22554 * blue - 46802 * red + 32768) >> 16));
      row[i + 2] = clamp(255 - luma - ((116130 * blue + 32768) >> 16));
    }
  }

  private static int clamp(int level) {
    return Math.max(0, Math.min(255, level));
  }

  /** The level of 8 bits for each of some bits. */
  private byte[] levels(int bits) {
    byte[] levels = new byte[1 << bits];
    int most = levels.length - 1;
    for (int level = 0; level <= most; level++) {
      int spread = bits == 16 ? how.deep().of(level) : (level * 255 + most / 2) / most;
      levels[level] = (byte) inverted(spread);
    }
    return levels;
  }

  private int inverted(int level) {
    return ink == VettedImage.Ink.INVERTED_GREY ? 255 - level : level;
  }

  private int mix(int level, int background, int alpha, int opaque) {
    long light =
        ink == VettedImage.Ink.PREMULTIPLIED ? (long) level * opaque : (long) level * alpha;
    return (int)
        Math.min(255, (light + (long) background * (opaque - alpha) + opaque / 2) / opaque);
  }

  private void note(int alpha, int opaque) {
    if (opaque - alpha > opaque / UNSEEN) {
      repairs.add(Repair.TRANSLUCENT);
    }
  }

  private int[] background(int channels) {
    int rgb = how.backgroundRgb();
    return channels == 1
        ? new int[] {PixelImage.luma(rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff)}
        : new int[] {rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff};
  }
}
