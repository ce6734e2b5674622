package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import io.surprisal.model.runtime.Constants;

/**
 * The three terms of the variational bound (arXiv 2107.00630, equation 11), −log p(x) ≤ prior +
 * reconstruction + diffusion, in nats an image. Images have D dimensions of 256 levels k, scaled to
 * x = 2(k + ½)/256 − 1; α² = sigmoid(−γ), σ² = sigmoid(γ).
 *
 * <p>Noise levels γ come as arrays, so that gradients can flow into them; {@link NoiseSchedule}
 * says what they are, {@link DiffusionTime} what the squared errors of the third term weigh. Every
 * result belongs to the manager of the images, which should be one made for the step.
 */
public final class VariationalBound {
  private static final int LEVELS = 256;
  private static final double SPACING = 2.0 / LEVELS;

  /** Terms of the sum over levels below e⁻⁵⁰ of the largest are left out. */
  private static final double WINDOW = 17;

  private VariationalBound() {}

  /** Levels k as floats, any shape, to x in (−1, 1). */
  public static NDArray scale(NDArray levels) {
    return levels.mul((float) SPACING).add((float) (SPACING / 2 - 1));
  }

  /**
   * 1. Prior: KL(q(z₁|x) ‖ N(0, I)) = ½ Σ [α₁² x² + σ₁² − ln σ₁² − 1].
   *
   * @param x scaled images {@code [batch, channels, height, width]}
   * @param gamma1 γ(1), {@code [1]}
   * @return nats, {@code [batch]}
   */
  public static NDArray prior(NDArray x, NDArray gamma1) {
    NDArray signal = Activation.sigmoid(gamma1.neg()); // α₁² = 1 − σ₁²
    NDArray minusLogNoise = Activation.softPlus(gamma1.neg()); // −ln σ₁²
    return Constants.times(sumPerImage(x.square().sub(1).mul(signal).add(minusLogNoise)), 0.5);
  }

  /**
   * 2. Reconstruction: E[−log p(x|z₀)], p(x_i|z₀,i) = softmax over levels v of −½ e^{−γ₀} (z₀,i/α₀
   * − x_v)². With z₀/α₀ = x + e^{γ₀/2} ε₀ and a level o steps away from the pixel's own this is log
   * Σ_o exp(o a ε₀ − ½ o² a²), a = 2/256 · e^{−γ₀/2}: only the levels near the pixel's own count.
   *
   * @param levels k as floats {@code [batch, channels, height, width]}
   * @param epsilon0 ε₀ of the same shape
   * @param gamma0 γ(0), {@code [1]}
   * @return nats, {@code [batch]}
   */
  public static NDArray reconstruction(NDArray levels, NDArray epsilon0, NDArray gamma0) {
    NDArray a = Constants.times(Constants.times(gamma0, -0.5).exp(), SPACING);
    double step = a.getFloat(0);
    int reach = (int) Math.min(LEVELS - 1, Math.ceil(WINDOW / step));
    long batch = levels.getShape().get(0);
    NDArray offsets =
        levels.getManager().arange(-reach, reach + 1, 1, DataType.FLOAT32).reshape(1, 1, -1);
    NDArray level = levels.reshape(batch, -1, 1).add(offsets);
    NDArray exists =
        level.gte(0).logicalAnd(level.lte(LEVELS - 1)).toType(level.getDataType(), false);
    NDArray distance = offsets.mul(a);
    NDArray exponent =
        epsilon0.reshape(batch, -1, 1).mul(distance).sub(Constants.times(distance.square(), 0.5));
    return exponent.exp().mul(exists).sum(new int[] {2}).log().sum(new int[] {1});
  }

  /**
   * 3. Diffusion: ‖ε − ε̂(z_t; γ_t)‖² with z_t = α_t x + σ_t ε. Times its {@link
   * DiffusionTime#weight weight} it is one evaluation's estimate of the diffusion loss.
   *
   * @param x scaled images {@code [batch, channels, height, width]}
   * @param gamma γ of each image, {@code [batch]}, float32 or float64
   * @param epsilon ε of the shape of x
   * @return {@code [batch]}
   */
  public static NDArray squaredError(Denoiser denoiser, NDArray x, NDArray gamma, NDArray epsilon) {
    return sumPerImage(squaredErrors(denoiser, x, gamma, epsilon));
  }

  /** {@link #squaredError} before it is summed, of the shape of x. */
  public static NDArray squaredErrors(
      Denoiser denoiser, NDArray x, NDArray gamma, NDArray epsilon) {
    return epsilon.sub(denoiser.predictNoise(noisy(x, gamma, epsilon), gamma)).square();
  }

  /**
   * z_t = α_t x + σ_t ε, in the precision of γ: float64 spares the network's Fourier features,
   * which multiply z by up to 2⁷·2π, the rounding of z, and the schedule's gradient most of its
   * error.
   *
   * @return float32 or float64 as γ is, of the shape of x
   */
  public static NDArray noisy(NDArray x, NDArray gamma, NDArray epsilon) {
    NDArray signal = x.toType(gamma.getDataType(), false).mul(Parameterisation.alpha(gamma));
    NDArray noise = epsilon.toType(gamma.getDataType(), false).mul(Parameterisation.sigma(gamma));
    return signal.add(noise);
  }

  private static NDArray sumPerImage(NDArray array) {
    return array.sum(new int[] {1, 2, 3});
  }
}
