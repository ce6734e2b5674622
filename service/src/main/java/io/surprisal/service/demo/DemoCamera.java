package io.surprisal.service.demo;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.Defect;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongFunction;

/** Where the demo's images come from: drawn, or real ones over and over. */
final class DemoCamera {

  /**
   * One image and the truth about it.
   *
   * @param id unique in a run
   * @param source what it shows, or the camera's name
   * @param defect the defect drawn into it; empty for a normal image, and for all real ones
   * @param shifted whether it shows the surfaces that are rougher than those of the release
   */
  record Shot(
      String id, String source, PixelImage image, Optional<Defect> defect, boolean shifted) {}

  /** Standard deviation of what a shift adds to the surfaces, grey levels. */
  private static final double ROUGHNESS = 6;

  private final LongFunction<Shot> shots;
  private final boolean knowsTruth;

  private DemoCamera(LongFunction<Shot> shots, boolean knowsTruth) {
    this.shots = shots;
    this.knowsTruth = knowsTruth;
  }

  /**
   * Draws surfaces, a share of them with a defect, as large as the release wants them.
   *
   * @param shiftAt number of the first shot with rougher surfaces
   */
  static DemoCamera drawing(long seed, double defectRate, Preprocessing shape, long shiftAt) {
    SurfaceCamera camera = new SurfaceCamera(seed, defectRate, shape.height());
    SurfaceCamera rough = new SurfaceCamera(seed, defectRate, shape.height(), ROUGHNESS);
    return new DemoCamera(
        index -> {
          boolean shifted = index >= shiftAt;
          CameraFrame frame = (shifted ? rough : camera).frame(index);
          String surface = frame.surface().name().toLowerCase(Locale.ROOT).replace('_', '-');
          return new Shot(
              "frame-%06d".formatted(index), surface, frame.image(), frame.defect(), shifted);
        },
        true);
  }

  /** Shows real images in order, again from the start when they end. */
  static DemoCamera replaying(ImageDataset images) {
    return new DemoCamera(
        index -> {
          int at = (int) (index % images.size());
          long round = index / images.size();
          String id = images.name(at) + (round == 0 ? "" : "@" + round);
          return new Shot(id, "camera", images.image(at), Optional.empty(), false);
        },
        false);
  }

  /** The shot of a number. */
  Shot shot(long index) {
    return shots.apply(index);
  }

  /** Whether shots say which of them are defective. */
  boolean knowsTruth() {
    return knowsTruth;
  }
}
