package io.surprisal.model.calibration;

import io.surprisal.model.detection.TypicalityFit;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.release.NormalGaussian;
import java.util.List;

/** Fits what a Gaussian makes of normal images. */
public final class GaussianFit {
  /** More are not looked at: what the decomposition takes grows with their cube. */
  public static final int MOST_IMAGES = 256;

  /** So many images for a direction: what fewer show is their chance. */
  private static final int IMAGES_A_DIRECTION = 8;

  private GaussianFit() {}

  /**
   * Fits the Gaussian, and what is normal of its errors, to the same images.
   *
   * @param images of one shape, at least four and at most {@value #MOST_IMAGES}
   */
  public static NormalGaussian fit(List<PixelImage> images) {
    NormalGaussian normal = plain(images);
    double usual =
        TypicalityFit.usualDistance(
            images,
            some -> {
              NormalGaussian half = plain(some);
              return image -> distance(half, image, Png.bitsPerDim(List.of(image)));
            });
    return new NormalGaussian(
        normal.shape(), normal.gaussian(), normal.distance().inUnitsOf(usual));
  }

  /**
   * How far an image lies from normal ones.
   *
   * @param codecBitsPerDim of the same image
   */
  public static double distance(NormalGaussian normal, PixelImage image, double codecBitsPerDim) {
    return TypicalityFit.plainDistance(normal, normal.errors(image), codecBitsPerDim);
  }

  private static NormalGaussian plain(List<PixelImage> images) {
    GaussianModel gaussian =
        GaussianModel.fit(
            images.stream().map(NormalGaussian::seen).toList(),
            Math.max(1, images.size() / IMAGES_A_DIRECTION));
    return new NormalGaussian(
        NormalGaussian.reduced(images.get(0).shape()),
        gaussian,
        TypicalityFit.fit(
            images.stream()
                .map(
                    image ->
                        TypicalityFit.plainTraits(
                            NormalGaussian.errors(gaussian, image), Png.bitsPerDim(List.of(image))))
                .toList()));
  }
}
