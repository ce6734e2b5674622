package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;

/**
 * The views of one prediction. From z = α x + σ ε any of ε, x, v = α ε − σ x (Salimans &amp; Ho
 * 2022) and the score ∇ log q(z) = −ε/σ gives the others; so does the variance-exploding coordinate
 * z/α = x + e^{γ/2} ε. All give the same bound (arXiv 2107.00630, section 5.1).
 *
 * <p>Arrays are {@code [batch, channels, height, width]}, γ is {@code [batch]}; results belong to
 * the manager of the first argument.
 */
public final class Parameterisation {
  private Parameterisation() {}

  /** α = sqrt(sigmoid(−γ)), {@code [batch, 1, 1, 1]}. */
  public static NDArray alpha(NDArray gamma) {
    return Activation.sigmoid(gamma.neg()).sqrt().reshape(-1, 1, 1, 1);
  }

  /** σ = sqrt(sigmoid(γ)), {@code [batch, 1, 1, 1]}. */
  public static NDArray sigma(NDArray gamma) {
    return Activation.sigmoid(gamma).sqrt().reshape(-1, 1, 1, 1);
  }

  /** x̂ = (z − σ ε̂)/α. */
  public static NDArray imageOfNoise(NDArray noise, NDArray z, NDArray gamma) {
    return z.sub(noise.mul(sigma(gamma))).div(alpha(gamma));
  }

  /** v̂ = α ε̂ − σ x̂ = (ε̂ − σ z)/α. */
  public static NDArray vOfNoise(NDArray noise, NDArray z, NDArray gamma) {
    return noise.sub(z.mul(sigma(gamma))).div(alpha(gamma));
  }

  /** The score −ε̂/σ. */
  public static NDArray scoreOfNoise(NDArray noise, NDArray gamma) {
    return noise.div(sigma(gamma)).neg();
  }

  /** ε̂ = (z − α x̂)/σ. */
  public static NDArray noiseOfImage(NDArray image, NDArray z, NDArray gamma) {
    return z.sub(image.mul(alpha(gamma))).div(sigma(gamma));
  }

  /** ε̂ = α v̂ + σ z. */
  public static NDArray noiseOfV(NDArray v, NDArray z, NDArray gamma) {
    return v.mul(alpha(gamma)).add(z.mul(sigma(gamma)));
  }

  /** ε̂ = −σ · score. */
  public static NDArray noiseOfScore(NDArray score, NDArray gamma) {
    return score.mul(sigma(gamma)).neg();
  }

  /** Variance-preserving z to the variance-exploding z/α. */
  public static NDArray exploding(NDArray z, NDArray gamma) {
    return z.div(alpha(gamma));
  }

  /** Variance-exploding z/α to the variance-preserving z. */
  public static NDArray preserving(NDArray z, NDArray gamma) {
    return z.mul(alpha(gamma));
  }
}
