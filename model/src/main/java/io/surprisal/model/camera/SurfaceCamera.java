package io.surprisal.model.camera;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;

/**
 * The demo's camera: draws grey inspection images of textured surfaces, now and then with a defect
 * whose extent is known.
 *
 * <p>A frame is a pure function of seed and index, on every JDK: it uses {@link Random}, whose
 * sequence is specified, and StrictMath. Whether and where there is a defect is drawn apart from
 * the surface, so that a frame with a defect differs from the normal frame of the same index only
 * in the defect's mask. Brightness, phase and lighting vary from frame to frame; the entropy of a
 * pixel hardly does, within a surface or between them, so that a rule on bits/dim alone can tell a
 * defect. No pixel is at 0 or 255.
 *
 * <p>Thread-safe.
 */
public final class SurfaceCamera {

  private static final List<Surface> SURFACES = List.of(Surface.values());

  private final long seed;
  private final double defectRate;
  private final int size;
  private final double roughness;

  /** A camera of surfaces as they are. */
  public SurfaceCamera(long seed, double defectRate, int size) {
    this(seed, defectRate, size, 0);
  }

  /**
   * @param seed of the sequence of frames
   * @param defectRate probability of a defect in a frame, in [0, 1]
   * @param size rows and columns, 16 to 1,024 pixels
   * @param roughness how much rougher the surfaces are than usual: standard deviation of further
   *     white noise in grey levels, 0 to 50; another one is another normality
   * @throws IllegalArgumentException if an argument is out of its range
   */
  public SurfaceCamera(long seed, double defectRate, int size, double roughness) {
    if (!(roughness >= 0 && roughness <= 50)) {
      throw new IllegalArgumentException("The roughness must lie in [0, 50], not " + roughness);
    }
    if (!(defectRate >= 0 && defectRate <= 1)) {
      throw new IllegalArgumentException("The defect rate must lie in [0, 1], not " + defectRate);
    }
    if (size < 16 || size > 1024) {
      throw new IllegalArgumentException("The camera draws 16 to 1024 pixels a side, not " + size);
    }
    this.seed = seed;
    this.defectRate = defectRate;
    this.size = size;
    this.roughness = roughness;
  }

  /** The frame of a number; any number is one. */
  public CameraFrame frame(long index) {
    Random random = new Random(mix(mix(seed) + 2 * index));
    Surface surface = SURFACES.get(random.nextInt(SURFACES.size()));
    SurfaceTexture texture = SurfaceTexture.draw(surface, size, roughness, random);
    Random fate = new Random(mix(mix(seed) + 2 * index + 1));
    if (fate.nextDouble() >= defectRate) {
      return new CameraFrame(index, surface, texture.image(), Optional.empty());
    }
    DefectPainter painter = new DefectPainter(texture, fate);
    Defect defect = painter.paint(surface);
    return new CameraFrame(index, surface, painter.image(), Optional.of(defect));
  }

  /**
   * Frames as they are without defects, drawn when asked for.
   *
   * @param first index of the first frame
   * @param count how many, at least 1
   */
  public ImageDataset normalFrames(long first, int count) {
    return new SurfaceCamera(seed, 0, size, roughness).frames(first, count);
  }

  /**
   * Frames with what defects they have, drawn when asked for.
   *
   * @param first index of the first frame
   * @param count how many, at least 1
   */
  public ImageDataset frames(long first, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("A data set has at least 1 image, not " + count);
    }
    return new Frames(this, first, count);
  }

  /** The finaliser of SplitMix64 (Steele, Lea &amp; Flood 2014): neighbouring numbers part ways. */
  private static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private record Frames(SurfaceCamera camera, long first, int size) implements ImageDataset {

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int height() {
      return camera.size;
    }

    @Override
    public int width() {
      return camera.size;
    }

    @Override
    public PixelImage image(int index) {
      return camera.frame(first + Objects.checkIndex(index, size)).image();
    }

    @Override
    public String name(int index) {
      return "frame " + (first + Objects.checkIndex(index, size));
    }
  }
}
