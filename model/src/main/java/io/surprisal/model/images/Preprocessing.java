package io.surprisal.model.images;

import io.surprisal.model.images.ImageRejectedException.Reason;

/**
 * What a release expects of an image, part of the release's metadata.
 *
 * @param channels 1 or 3
 * @param height rows of the network's input
 * @param width columns of the network's input
 * @param otherSizes what happens to an image of another size
 */
public record Preprocessing(int channels, int height, int width, OtherSizes otherSizes) {

  /** What happens to an image whose size is not the network's. Nothing is ever cropped. */
  public enum OtherSizes {
    /** The whole image is resampled, see {@link Resampling}; its aspect ratio is not kept. */
    RESIZE
  }

  /**
   * @throws IllegalArgumentException if the shape is not one of an image
   */
  public Preprocessing {
    if ((channels != 1 && channels != 3) || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "A network's input is 1 or 3 channels of at least 1×1 pixels, not "
              + ImageShape.text(channels, height, width));
    }
  }

  /** For the input of a network. */
  public Preprocessing(ImageShape shape, OtherSizes otherSizes) {
    this(shape.channels(), shape.height(), shape.width(), otherSizes);
  }

  /** The shape of the network's input. */
  public ImageShape shape() {
    return new ImageShape(channels, height, width);
  }

  /**
   * The image in the network's shape; the same object if it has it already.
   *
   * @throws ImageRejectedException with {@link Reason#WRONG_CHANNELS} if the image is grey and the
   *     network wants colour, or the reverse
   */
  public PixelImage apply(PixelImage image) throws ImageRejectedException {
    if (image.channels() != channels) {
      throw new ImageRejectedException(
          Reason.WRONG_CHANNELS,
          "The image has %d channel(s), the release was trained on %d"
              .formatted(image.channels(), channels));
    }
    return image.height() == height && image.width() == width
        ? image
        : Resampling.resize(image, height, width);
  }
}
