package io.surprisal.model.images;

import java.util.Arrays;
import java.util.Objects;

/**
 * A decoded image of unsigned 8-bit samples. Equal when shape and samples are.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height rows, at least 1
 * @param width columns, at least 1
 * @param pixels samples in the order [channels, height, width]. The array is not copied: whoever
 *     makes the image gives it away, and nobody writes to it afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content, given away by its maker
public record PixelImage(int channels, int height, int width, byte[] pixels) {

  /**
   * @throws IllegalArgumentException if the shape is not one of an image or the length of {@code
   *     pixels} is not channels · height · width
   */
  public PixelImage {
    ImageShape shape = new ImageShape(channels, height, width);
    if (pixels.length != (long) channels * height * width) {
      throw new IllegalArgumentException(shape + " image with " + pixels.length + " samples");
    }
  }

  /** An image of a shape. */
  public PixelImage(ImageShape shape, byte[] pixels) {
    this(shape.channels(), shape.height(), shape.width(), pixels);
  }

  /** Takes samples in the order [height, width, channels]. */
  public static PixelImage ofInterleaved(int channels, int height, int width, byte[] interleaved) {
    if (channels == 1) {
      return new PixelImage(channels, height, width, interleaved);
    }
    byte[] pixels = new byte[interleaved.length];
    int area = height * width;
    for (int channel = 0; channel < channels; channel++) {
      for (int i = 0; i < area; i++) {
        pixels[channel * area + i] = interleaved[i * channels + channel];
      }
    }
    return new PixelImage(channels, height, width, pixels);
  }

  /**
   * A part of the image.
   *
   * @throws IndexOutOfBoundsException if it does not lie within
   */
  public PixelImage crop(int top, int left, int rows, int columns) {
    Objects.checkFromIndexSize(top, rows, height);
    Objects.checkFromIndexSize(left, columns, width);
    byte[] part = new byte[channels * rows * columns];
    for (int channel = 0; channel < channels; channel++) {
      for (int y = 0; y < rows; y++) {
        System.arraycopy(
            pixels,
            (channel * height + top + y) * width + left,
            part,
            (channel * rows + y) * columns,
            columns);
      }
    }
    return new PixelImage(channels, rows, columns, part);
  }

  /** How light a colour is, 0 to 255 as its samples: 0.299 R + 0.587 G + 0.114 B (BT.601). */
  public static int luma(int red, int green, int blue) {
    return (299 * red + 587 * green + 114 * blue + 500) / 1000;
  }

  /** The same picture in grey or colour: colour of equal samples, or grey of its luma. */
  public PixelImage withChannels(int other) {
    if (other == channels) {
      return this;
    }
    int area = height * width;
    byte[] changed = new byte[other * area];
    for (int i = 0; i < changed.length; i++) {
      changed[i] =
          other == 1
              ? (byte) luma(pixels[i] & 0xff, pixels[area + i] & 0xff, pixels[2 * area + i] & 0xff)
              : pixels[i % area];
    }
    return new PixelImage(other, height, width, changed);
  }

  /** Whether it shows no colour: grey, or red, green and blue alike in every pixel. */
  public boolean isGrey() {
    int area = height * width;
    return channels == 1
        || (Arrays.equals(pixels, 0, area, pixels, area, 2 * area)
            && Arrays.equals(pixels, 0, area, pixels, 2 * area, 3 * area));
  }

  /** The samples k as x = 2(k + ½)/256 − 1, in their order. */
  public float[] scaled() {
    float[] scaled = new float[pixels.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = ((pixels[i] & 0xff) + 0.5f) / 128 - 1;
    }
    return scaled;
  }

  /** The samples in the order [height, width, channels]. */
  public byte[] interleaved() {
    if (channels == 1) {
      return pixels;
    }
    byte[] interleaved = new byte[pixels.length];
    int area = height * width;
    for (int i = 0; i < interleaved.length; i++) {
      interleaved[i] = pixels[i % channels * area + i / channels];
    }
    return interleaved;
  }

  public ImageShape shape() {
    return new ImageShape(channels, height, width);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PixelImage that
        && channels == that.channels
        && height == that.height
        && width == that.width
        && Arrays.equals(pixels, that.pixels);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(pixels) * 31 + height;
  }

  @Override
  public String toString() {
    return shape() + " image";
  }
}
