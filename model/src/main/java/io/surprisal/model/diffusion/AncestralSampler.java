package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Ancestral sampling (arXiv 2107.00630, appendix A.4): from z_t the model's z_s of an earlier time,
 * z_s = (α_s/α_t)(z_t − c σ_t ε̂) + sqrt(σ_s² c) ε with c = −expm1(γ_s − γ_t).
 */
public final class AncestralSampler {
  private static final int LEVELS = 256;

  private AncestralSampler() {}

  /**
   * One step.
   *
   * @param z z_t {@code [batch, channels, height, width]}
   * @param t time of z
   * @param s time of the result, below t
   * @param noise ε of the shape of z, N(0, I)
   * @param clip whether x̂ is kept within [−1, 1]
   * @return z_s of the shape of z, owned by its manager
   */
  public static NDArray step(
      NoiseSchedule schedule,
      Denoiser denoiser,
      NDArray z,
      double t,
      double s,
      NDArray noise,
      boolean clip) {
    double gammaT = schedule.gamma(t);
    double gammaS = schedule.gamma(s);
    double c = -Math.expm1(gammaS - gammaT);
    double alphaT = root(-gammaT);
    double sigmaT = root(gammaT);
    double alphaS = root(-gammaS);
    double scale = root(gammaS) * Math.sqrt(c);
    NDArray gamma = z.getManager().full(z.getShape().slice(0, 1), (float) gammaT);
    NDArray epsilon = denoiser.predictNoise(z, gamma);
    NDArray mean;
    if (clip) {
      NDArray image = z.sub(epsilon.mul((float) sigmaT)).div((float) alphaT).clip(-1, 1);
      mean = z.mul((float) ((1 - c) * alphaS / alphaT)).add(image.mul((float) (c * alphaS)));
    } else {
      mean = z.sub(epsilon.mul((float) (c * sigmaT))).mul((float) (alphaS / alphaT));
    }
    return mean.add(noise.mul((float) scale));
  }

  /** sqrt(sigmoid(x)). */
  private static double root(double x) {
    return Math.exp(-0.5 * NoiseSchedule.softplus(-x));
  }

  /**
   * The likeliest pixels: of the 256 levels the nearest to z₀/α₀.
   *
   * @param z0 z at time 0
   * @return levels 0 to 255 as floats, of the shape of z0
   */
  public static NDArray levels(NDArray z0, double gammaAtZero) {
    NDArray x = z0.div((float) root(-gammaAtZero));
    return x.add(1).mul(LEVELS / 2).floor().clip(0, LEVELS - 1);
  }
}
