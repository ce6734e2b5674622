package io.surprisal.model.datasets;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;

/** Images of one shape, in a fixed order. Safe to read from any thread. */
public interface ImageDataset {

  /** How many images; at least 1. */
  int size();

  /** Channels of every image, 1 or 3. */
  int channels();

  /** Rows of every image. */
  int height();

  /** Columns of every image. */
  int width();

  /** Shape of every image. */
  default ImageShape shape() {
    return new ImageShape(channels(), height(), width());
  }

  /**
   * The image at a place.
   *
   * @throws IndexOutOfBoundsException unless 0 ≤ index &lt; size
   */
  PixelImage image(int index);

  /** What to call the image at a place: its file, or its file and number. */
  String name(int index);
}
