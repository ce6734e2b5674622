package io.surprisal.trainer;

import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.images.PixelImage;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Images as the trainer reads them from a stream of one partition. */
public final class StreamImages {
  public static final int SIDE = 16;
  public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static final SurfaceCamera CAMERA = new SurfaceCamera(3, 0, SIDE);

  private StreamImages() {}

  /** One of 2⁶⁴ different images of 8 pixels, which arrives as many seconds after the start. */
  public static ReservoirImage small(String source, long offset) {
    byte[] pixels = ByteBuffer.allocate(Long.BYTES).putLong(offset).array();
    return image(source, offset, new PixelImage(1, 2, 4, pixels));
  }

  /** The camera's frame of this number. */
  public static ReservoirImage frame(long offset) {
    return image("camera", offset, CAMERA.frame(offset).image());
  }

  public static ReservoirImage image(String source, long offset, PixelImage pixels) {
    return new ReservoirImage(source, 0, offset, START.plusSeconds(offset), pixels);
  }

  /** Images in some pools, in the reservoir's order. */
  public static List<ReservoirImage> in(Reservoir reservoir, Reservoir.Pool... pools) {
    List<ReservoirImage> images = new ArrayList<>();
    reservoir.forEach(images::add, pools);
    return images;
  }
}
