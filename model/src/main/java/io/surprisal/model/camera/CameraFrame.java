package io.surprisal.model.camera;

import io.surprisal.model.images.PixelImage;
import java.util.Optional;

/**
 * One picture of the demo's camera, with the truth about it.
 *
 * @param index the frame's number
 * @param surface what was under the camera
 * @param image grey, [1, size, size]
 * @param defect what is wrong with it, if anything
 */
public record CameraFrame(long index, Surface surface, PixelImage image, Optional<Defect> defect) {

  /**
   * Whether a pixel of the defect lies within a rectangle, pixels of the image; false where there
   * is none.
   */
  public boolean isDefectWithin(int top, int left, int height, int width) {
    return defect.stream()
        .flatMapToInt(drawn -> drawn.mask().stream())
        .anyMatch(
            pixel -> {
              int y = pixel / image.width();
              int x = pixel % image.width();
              return y >= top && y < top + height && x >= left && x < left + width;
            });
  }
}
