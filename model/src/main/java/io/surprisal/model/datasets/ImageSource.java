package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;

/** Images of any shapes, in a fixed order. Safe to read from any thread. */
public interface ImageSource {

  /** How many images; at least 1. */
  int size();

  /**
   * The image at a place.
   *
   * @throws IndexOutOfBoundsException unless 0 ≤ index &lt; size
   */
  PixelImage image(int index);

  /** What to call the image at a place: its file, or its file and number. */
  String name(int index);

  /** The camera, scanner or pipeline that the image at a place comes from; "" where not known. */
  default String source(int index) {
    return "";
  }
}
