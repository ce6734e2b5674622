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
public record CameraFrame(long index, Surface surface, PixelImage image, Optional<Defect> defect) {}
