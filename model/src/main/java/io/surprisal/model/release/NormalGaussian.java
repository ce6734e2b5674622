package io.surprisal.model.release;

import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Resampling;
import java.util.Arrays;

/**
 * Normal images as one Gaussian, and how much a normal image adds to the error of its denoiser.
 * That takes no evaluation of the network, and tells images of another kind by what the network
 * forgives: it generalises to them, the Gaussian does not.
 *
 * <p>The Gaussian is fitted to the very images whose errors are the normal ones. So every other
 * image lies further out than these, in the direction of what the Gaussian has not seen, and a
 * foreign one further still: the distance looks at that side more closely than at the other. What
 * is normal of it is measured on the images of the calibration, which are none of these.
 *
 * @param shape that images are reduced to, see {@link #reduced}
 * @param gaussian of the images so reduced, scaled to (−1, 1)
 * @param distance of the logarithms of the errors, and of the length under a lossless codec
 */
public record NormalGaussian(ImageShape shape, GaussianModel gaussian, Typicality distance) {
  /** An image is reduced until it is no larger, so that the Gaussian has few numbers. */
  private static final int LARGEST_SIDE = 32;

  /** γ = −log SNR of the errors, from almost clean images to almost noise. */
  private static final double[] NOISE_LEVELS = {-12, -10, -8, -6, -4, -2, 0, 2};

  /**
   * @throws IllegalArgumentException if the Gaussian is not of such images, or a number is
   *     impossible
   */
  public NormalGaussian {
    int dimensions = shape.channels() * shape.height() * shape.width();
    if (gaussian.mean().length != dimensions
        || Arrays.stream(gaussian.directions()).anyMatch(d -> d.length != dimensions)
        || gaussian.directions().length != gaussian.variances().length
        || Arrays.stream(gaussian.variances()).anyMatch(v -> !(v > 0 && Double.isFinite(v)))
        || !(gaussian.otherVariance() > 0 && Double.isFinite(gaussian.otherVariance()))
        || !finite(gaussian.mean())
        || !Arrays.stream(gaussian.directions()).allMatch(NormalGaussian::finite)
        || distance.centre().size() != NOISE_LEVELS.length + 1) {
      throw new IllegalArgumentException(
          "Gaussian: %d numbers, %d directions and %d traits do not fit images of %s, or are not finite"
              .formatted(
                  gaussian.mean().length,
                  gaussian.directions().length,
                  distance.centre().size(),
                  shape));
    }
  }

  private static boolean finite(float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** The shape that images of a shape are reduced to. */
  public static ImageShape reduced(ImageShape shape) {
    int by = (Math.max(shape.height(), shape.width()) + LARGEST_SIDE - 1) / LARGEST_SIDE;
    return new ImageShape(
        shape.channels(), (shape.height() + by - 1) / by, (shape.width() + by - 1) / by);
  }

  /** An image as the Gaussian sees it, scaled to (−1, 1). */
  public static float[] seen(PixelImage image) {
    ImageShape to = reduced(image.shape());
    return (to.equals(image.shape()) ? image : Resampling.resize(image, to.height(), to.width()))
        .scaled();
  }

  /**
   * What an image adds to the error of the Gaussian's denoiser.
   *
   * @param gaussian of images of its shape, reduced
   * @return (E ‖ε − ε̂‖² less what an image at the mean has)/D, by noise level
   */
  public static double[] errors(GaussianModel gaussian, PixelImage image) {
    float[] seen = seen(image);
    GaussianModel.Components components = gaussian.components(seen);
    return Arrays.stream(NOISE_LEVELS)
        .map(gamma -> gaussian.addedError(components, gamma) / seen.length)
        .toArray();
  }

  /** What an image of its shape adds to the error of the Gaussian's denoiser. */
  public double[] errors(PixelImage image) {
    return errors(gaussian, image);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NormalGaussian that
        && shape.equals(that.shape)
        && distance.equals(that.distance)
        && Arrays.equals(gaussian.mean(), that.gaussian.mean())
        && Arrays.deepEquals(gaussian.directions(), that.gaussian.directions())
        && Arrays.equals(gaussian.variances(), that.gaussian.variances())
        && gaussian.otherVariance() == that.gaussian.otherVariance();
  }

  @Override
  public int hashCode() {
    return distance.hashCode() * 31 + Arrays.hashCode(gaussian.variances());
  }
}
