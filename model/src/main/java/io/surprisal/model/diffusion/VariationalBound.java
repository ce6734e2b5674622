package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import io.surprisal.model.network.Constants;

/**
 * The three terms of the variational bound in continuous time (arXiv 2107.00630, sections 3.3 and
 * 4), −log p(x) ≤ prior + reconstruction + diffusion, in nats an image. Images have D dimensions of
 * 256 levels k, scaled to x = 2(k + ½)/256 − 1; α² = sigmoid(−γ), σ² = sigmoid(γ).
 *
 * <p>Every result belongs to the manager of the images, which should be one made for the step.
 */
public final class VariationalBound {
  private static final int LEVELS = 256;
  private static final double SPACING = 2.0 / LEVELS;

  /** Terms of the sum over levels below e⁻⁵⁰ of the largest are left out. */
  private static final double WINDOW = 17;

  private final NoiseSchedule schedule;
  private final Denoiser denoiser;

  /** ε̂(z_t; γ_t): z {@code [batch, channels, height, width]}, γ {@code [batch]}. */
  @FunctionalInterface
  public interface Denoiser {
    NDArray predictNoise(NDArray z, NDArray gamma);
  }

  /**
   * What each evaluation of the network gave.
   *
   * @param loss ½ γ′(t) ‖ε − ε̂‖² in nats, {@code [batch]}
   * @param squaredError ‖ε − ε̂‖², {@code [batch]}
   * @param gamma γ(t), {@code [batch]}
   */
  public record Diffusion(NDArray loss, NDArray squaredError, NDArray gamma) {}

  public VariationalBound(NoiseSchedule schedule, Denoiser denoiser) {
    this.schedule = schedule;
    this.denoiser = denoiser;
  }

  /** Levels k as floats, any shape, to x in (−1, 1). */
  public static NDArray scale(NDArray levels) {
    return levels.mul((float) SPACING).add((float) (SPACING / 2 - 1));
  }

  /**
   * 1. Prior: KL(q(z₁|x) ‖ N(0, I)) = ½ Σ [α₁² x² + σ₁² − ln σ₁² − 1].
   *
   * @param x scaled images {@code [batch, channels, height, width]}
   * @return nats, {@code [batch]}
   */
  public NDArray prior(NDArray x) {
    NDArray gamma1 = schedule.gammaAtOne();
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
   * @return nats, {@code [batch]}
   */
  public NDArray reconstruction(NDArray levels, NDArray epsilon0) {
    NDArray a = Constants.times(Constants.times(schedule.gammaAtZero(), -0.5).exp(), SPACING);
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
   * 3. Diffusion: ½ E[γ′(t) ‖ε − ε̂‖²] with z_t = α_t x + σ_t ε, one evaluation an entry.
   *
   * @param x scaled images {@code [batch, channels, height, width]}
   * @param t times in [0, 1], {@code [batch]}
   * @param epsilon ε of the shape of x
   */
  public Diffusion diffusion(NDArray x, NDArray t, NDArray epsilon) {
    NDArray gamma = schedule.gamma(t);
    NDArray alpha = Activation.sigmoid(gamma.neg()).sqrt().reshape(-1, 1, 1, 1);
    NDArray sigma = Activation.sigmoid(gamma).sqrt().reshape(-1, 1, 1, 1);
    NDArray z = x.mul(alpha).add(epsilon.mul(sigma));
    NDArray predicted = denoiser.predictNoise(z, gamma);
    NDArray squaredError = sumPerImage(epsilon.sub(predicted).square());
    return new Diffusion(
        Constants.times(squaredError.mul(schedule.derivative()), 0.5), squaredError, gamma);
  }

  private static NDArray sumPerImage(NDArray array) {
    return array.sum(new int[] {1, 2, 3});
  }
}
