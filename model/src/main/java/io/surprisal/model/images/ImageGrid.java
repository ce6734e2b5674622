package io.surprisal.model.images;

import java.util.Arrays;
import java.util.List;

/**
 * Images of one shape laid out row by row into one picture, thin white lines between them.
 *
 * @param columns images a row, at least 1
 * @param scale rows and columns that a pixel becomes, at least 1
 * @param line width of the lines in the picture, whatever the scale, at least 0
 */
public record ImageGrid(int columns, int scale, int line) {
  /** Most samples of a picture, 256 MiB. */
  private static final long LARGEST = 1L << 28;

  public ImageGrid {
    if (columns < 1 || scale < 1 || line < 0) {
      throw new IllegalArgumentException(
          "a grid has at least 1 column, scale 1 and lines of width 0, not %d, %d and %d"
              .formatted(columns, scale, line));
    }
  }

  /** A grid with lines that are seen: a pixel wide between images as they are, else two. */
  public ImageGrid(int columns, int scale) {
    this(columns, scale, scale == 1 ? 1 : 2);
  }

  /**
   * Checks before images are made that a picture can hold them.
   *
   * @throws IllegalArgumentException if it would have more than 2²⁸ samples
   */
  public void requireRoom(int images, int channels, int height, int width) {
    double samples = (double) channels * side(rows(images), height) * side(columns, width);
    if (samples > LARGEST) {
      throw new IllegalArgumentException(
          "a picture of %d by %d images of %d×%d at scale %d is too large; take fewer images or a smaller scale"
              .formatted(rows(images), columns, height, width, scale));
    }
  }

  /**
   * The picture; cells without an image are white.
   *
   * @param images at least one, all of the same shape
   * @throws IllegalArgumentException if it would have more than 2²⁸ samples
   */
  public PixelImage arrange(List<PixelImage> images) {
    PixelImage shape = images.get(0);
    requireRoom(images.size(), shape.channels(), shape.height(), shape.width());
    int height = (int) side(rows(images.size()), shape.height());
    int width = (int) side(columns, shape.width());
    byte[] pixels = new byte[shape.channels() * height * width];
    Arrays.fill(pixels, (byte) 255);
    for (int i = 0; i < images.size(); i++) {
      int top = (i / columns) * (shape.height() * scale + line);
      int left = (i % columns) * (shape.width() * scale + line);
      for (int channel = 0; channel < shape.channels(); channel++) {
        draw(images.get(i), channel, pixels, (channel * height + top) * width + left, width);
      }
    }
    return new PixelImage(shape.channels(), height, width, pixels);
  }

  /** One channel of an image into the picture, its first pixel at {@code corner}. */
  private void draw(PixelImage image, int channel, byte[] picture, int corner, int pictureWidth) {
    int from = channel * image.height() * image.width();
    for (int y = 0; y < image.height() * scale; y++) {
      for (int x = 0; x < image.width() * scale; x++) {
        picture[corner + y * pictureWidth + x] =
            image.pixels()[from + y / scale * image.width() + x / scale];
      }
    }
  }

  private int rows(int images) {
    return (images - 1) / columns + 1;
  }

  private double side(int cells, int pixels) {
    return (double) cells * ((double) pixels * scale + line) - line;
  }
}
