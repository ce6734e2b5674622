package io.surprisal.service.demo;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.service.options.ImageSource;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** Draws surfaces, a share of them with a defect; after a while rougher ones for good. */
final class DrawnSurfaces implements DemoCamera {

  /** Standard deviation of what a shift adds to the surfaces, grey levels. */
  private static final double ROUGHNESS = 6;

  private final SurfaceCamera usual;
  private final SurfaceCamera rough;
  private final long shiftAt;

  /**
   * @param side rows and columns of an image, pixels
   * @param shiftAt number of the first image with rougher surfaces
   */
  DrawnSurfaces(long seed, double defectRate, int side, long shiftAt) {
    usual = new SurfaceCamera(seed, defectRate, side);
    rough = new SurfaceCamera(seed, defectRate, side, ROUGHNESS);
    this.shiftAt = shiftAt;
  }

  @Override
  public Shot shot(long index) {
    boolean shifted = index >= shiftAt;
    CameraFrame frame = (shifted ? rough : usual).frame(index);
    return new Shot(
        "frame-%06d".formatted(index),
        frame.surface().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        Optional.of(frame),
        shifted,
        0);
  }

  @Override
  public ImageEvent event(long index) {
    Shot shot = shot(index);
    return ImageSource.raw(
        shot.id(), shot.source(), Instant.now(), shot.frame().orElseThrow().image());
  }

  @Override
  public DemoTally tally(AlertRule rule, String release) {
    return new DefectTally(rule, release);
  }
}
