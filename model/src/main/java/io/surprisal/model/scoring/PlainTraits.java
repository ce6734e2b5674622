package io.surprisal.model.scoring;

import java.util.Arrays;

/**
 * What is seen of an image without the network. Equal when every number is.
 *
 * @param codecBitsPerDim what a lossless codec without a model takes for the image alone: PNG's
 *     filters and deflate, without a header
 * @param gaussianErrors what the image adds to the error of a Gaussian's denoiser, by noise level,
 *     see {@link io.surprisal.model.release.NormalGaussian}; none where the release knows no
 *     Gaussian
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record PlainTraits(double codecBitsPerDim, double[] gaussianErrors) {

  /** Without a Gaussian. */
  PlainTraits(double codecBitsPerDim) {
    this(codecBitsPerDim, new double[0]);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PlainTraits that
        && Double.compare(codecBitsPerDim, that.codecBitsPerDim) == 0
        && Arrays.equals(gaussianErrors, that.gaussianErrors);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(gaussianErrors) * 31 + Double.hashCode(codecBitsPerDim);
  }
}
