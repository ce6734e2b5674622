package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;

/** Pixels that are independent N(0, v). */
final class GaussianPixels {
  private GaussianPixels() {}

  /** The optimal denoiser, ε̂ = z σ/(α² v + σ²). */
  static Denoiser denoiser(double variance) {
    return (z, gamma) -> {
      NDArray alpha2 = Activation.sigmoid(gamma.neg());
      NDArray sigma2 = Activation.sigmoid(gamma);
      NDArray factor = sigma2.sqrt().div(alpha2.mul(variance).add(sigma2));
      return z.mul(factor.reshape(-1, 1, 1, 1));
    };
  }
}
