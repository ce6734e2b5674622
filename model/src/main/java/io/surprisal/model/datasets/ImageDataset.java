package io.surprisal.model.datasets;

import io.surprisal.model.images.ImageShape;

/** Images of one shape, in a fixed order. Safe to read from any thread. */
public interface ImageDataset extends ImageSource {

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
}
