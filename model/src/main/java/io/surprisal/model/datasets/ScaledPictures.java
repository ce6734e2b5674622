package io.surprisal.model.datasets;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;

/**
 * Pictures as a release takes them: in the network's shape, or at its scale where it sees them tile
 * by tile.
 *
 * @param pictures as they came
 * @param preprocessing of the release
 */
public record ScaledPictures(ImageSource pictures, Preprocessing preprocessing)
    implements ImageSource {
  @Override
  public int size() {
    return pictures.size();
  }

  /**
   * Scales a picture.
   *
   * @throws IllegalArgumentException naming it, if the release does not take it
   */
  @Override
  public PixelImage image(int index) {
    try {
      return preprocessing.apply(pictures.image(index));
    } catch (ImageRejectedException e) {
      throw new IllegalArgumentException(pictures.name(index) + ": " + e.getMessage(), e);
    }
  }

  @Override
  public String name(int index) {
    return pictures.name(index);
  }

  @Override
  public String source(int index) {
    return pictures.source(index);
  }
}
