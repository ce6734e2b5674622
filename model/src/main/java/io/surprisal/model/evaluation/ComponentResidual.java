package io.surprisal.model.evaluation;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What the principal components of normal images leave of an image: a baseline without a network.
 * Of pictures that a release sees by tiles, it is the patch of {@value #PATCH}×{@value #PATCH}
 * pixels at the release's scale of which most is left.
 */
public final class ComponentResidual {
  private static final int PATCH = 16;
  private static final int COMPONENTS = 64;
  private static final int PATCH_COMPONENTS = 32;

  /** Patches that are drawn of a picture: at most as many as cover it so often. */
  private static final int COVERINGS = 4;

  /** Samples that it learns from, in numbers in all. */
  private static final int MOST_NUMBERS = 4_000_000;

  private final PrincipalComponents components;
  private final int images;
  private final Parts parts;

  private ComponentResidual(PrincipalComponents components, int images, Parts parts) {
    this.components = components;
    this.images = images;
    this.parts = parts;
  }

  /** How many components. */
  public int components() {
    return components.count();
  }

  /** How many images they are of. */
  public int images() {
    return images;
  }

  /**
   * How much is left: the mean square over dimensions, in units of half the range of samples.
   *
   * @param applied an image as the release takes it
   */
  public double of(PixelImage applied) {
    return parts.all(applied).stream()
        .mapToDouble(part -> components.residual(part.scaled()))
        .max()
        .orElseThrow();
  }

  /** Whole images, or patches of them. */
  private record Parts(int height, int width, boolean patches) {

    static Parts of(Preprocessing preprocessing) {
      return preprocessing.tiling().isPresent()
          ? new Parts(
              Math.min(PATCH, preprocessing.height()), Math.min(PATCH, preprocessing.width()), true)
          : new Parts(preprocessing.height(), preprocessing.width(), false);
    }

    /** Those that cover an image. */
    List<PixelImage> all(PixelImage image) {
      List<PixelImage> all = new ArrayList<>();
      for (int top : new Tiling(1, height).starts(image.height(), height)) {
        for (int left : new Tiling(1, width).starts(image.width(), width)) {
          all.add(image.crop(top, left, height, width));
        }
      }
      return all;
    }

    /** How many, drawn anywhere in an image, show all of it; more would be alike. */
    int enough(PixelImage image) {
      return patches ? COVERINGS * all(image).size() : 1;
    }

    PixelImage any(PixelImage image, SplittableRandom random) {
      return image.crop(
          random.nextInt(image.height() - height + 1),
          random.nextInt(image.width() - width + 1),
          height,
          width);
    }
  }

  /** Takes normal images, one at a time. */
  public static final class Fit {
    private final Parts parts;
    private final long seed;
    private final SplittableRandom random;
    private final int most;
    private final int each;
    private final List<float[]> samples = new ArrayList<>();
    private int images;

    /**
     * Before the first image.
     *
     * @param available how many images there are to take
     * @param seed of where patches lie, and of the start of the search
     */
    public Fit(Preprocessing preprocessing, int available, long seed) {
      this.seed = seed;
      parts = Parts.of(preprocessing);
      random = new SplittableRandom(seed);
      most =
          Math.max(1, MOST_NUMBERS / (preprocessing.channels() * parts.height() * parts.width()));
      each = parts.patches() ? Math.max(1, most / Math.max(1, available)) : 1;
    }

    /** Whether no more images are needed. */
    public boolean full() {
      return samples.size() >= most;
    }

    /**
     * Takes an image.
     *
     * @param applied as the release takes it
     */
    public void add(PixelImage applied) {
      int some = Math.min(each, parts.enough(applied));
      for (int i = 0; i < some && !full(); i++) {
        samples.add(parts.any(applied, random).scaled());
      }
      images++;
    }

    /** Whether there are enough images for a component. */
    public boolean possible() {
      return images >= 2 && samples.size() >= 3;
    }

    /**
     * The components; fewer than usual where samples or dimensions are few, so that something is
     * left.
     *
     * @throws IllegalStateException unless {@link #possible}
     */
    public ComponentResidual residual() {
      if (!possible()) {
        throw new IllegalStateException(images + " images are too few for principal components");
      }
      int usual = parts.patches() ? PATCH_COMPONENTS : COMPONENTS;
      int few = Math.min(samples.get(0).length / 4, (samples.size() - 1) / 2);
      int components = Math.max(1, Math.min(usual, few));
      return new ComponentResidual(
          PrincipalComponents.of(samples.toArray(float[][]::new), components, seed), images, parts);
    }
  }
}
