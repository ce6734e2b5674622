package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;

/** ε̂(z_t; γ_t), whatever stands behind it. */
@FunctionalInterface
public interface Denoiser {

  /**
   * Predicts the noise.
   *
   * @param z {@code [batch, channels, height, width]}
   * @param gamma {@code [batch]}
   * @return ε̂ of the shape of z, owned by its manager
   */
  NDArray predictNoise(NDArray z, NDArray gamma);

  /**
   * The denoiser that a network with these parameters is, whatever it predicts itself.
   *
   * @param parameters the network's part of the flat vector
   */
  static Denoiser of(
      ModelConfiguration configuration, LikelihoodNetwork network, NDArray parameters) {
    return switch (configuration.prediction()) {
      case EPSILON -> (z, gamma) -> network.predict(z, gamma, parameters);
      case V ->
          (z, gamma) -> Parameterisation.noiseOfV(network.predict(z, gamma, parameters), z, gamma);
    };
  }
}
