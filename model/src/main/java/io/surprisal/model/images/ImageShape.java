package io.surprisal.model.images;

/**
 * The shape of an image.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height rows, at least 1
 * @param width columns, at least 1
 */
public record ImageShape(int channels, int height, int width) {

  /**
   * @throws IllegalArgumentException if no image has the shape
   */
  public ImageShape {
    if ((channels != 1 && channels != 3) || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "An image is 1 or 3 channels of at least 1×1 pixels, not "
              + text(channels, height, width));
    }
  }

  /** D, the number of samples: channels · height · width. */
  public int dimensions() {
    return channels * height * width;
  }

  /** {@code channels×height×width}, as messages write a shape. */
  @Override
  public String toString() {
    return text(channels, height, width);
  }

  static String text(int channels, int height, int width) {
    return channels + "×" + height + "×" + width;
  }
}
