package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Pixels that are independent with known probabilities of the 256 levels.
 *
 * @param levels those that occur
 * @param probability of each, adding up to 1
 */
record DiscretePixels(int[] levels, double[] probability) {

  /** Every level alike. */
  static DiscretePixels uniform() {
    return firstAnd(1 / 256.0);
  }

  /** Level 0 with a probability, all others alike. */
  static DiscretePixels firstAnd(double probabilityOfZero) {
    int[] levels = new int[256];
    double[] probability = new double[256];
    for (int i = 0; i < 256; i++) {
      levels[i] = i;
      probability[i] = i == 0 ? probabilityOfZero : (1 - probabilityOfZero) / 255;
    }
    return new DiscretePixels(levels, probability);
  }

  /** Black or white, each with probability ½. */
  static DiscretePixels blackOrWhite() {
    return new DiscretePixels(new int[] {0, 255}, new double[] {0.5, 0.5});
  }

  /** A level as the bound scales it. */
  static double scaled(int level) {
    return 2 * (level + 0.5) / 256 - 1;
  }

  /** The optimal denoiser: ε̂ of the posterior mean of x. */
  NDArray predictNoise(NDArray z, NDArray gamma) {
    double[] x = new double[levels.length];
    double[] logProbability = new double[levels.length];
    for (int i = 0; i < levels.length; i++) {
      x[i] = scaled(levels[i]);
      logProbability[i] = Math.log(probability[i]);
    }
    NDArray values = z.getManager().create(x).toType(z.getDataType(), false);
    NDArray prior = z.getManager().create(logProbability).toType(z.getDataType(), false);
    NDArray exploding = Parameterisation.exploding(z, gamma).reshape(-1, 1);
    NDArray posterior =
        exploding
            .sub(values)
            .square()
            .muli(gamma.neg().exp().mul(-0.5).reshape(-1, 1))
            .addi(prior)
            .softmax(1);
    NDArray mean = posterior.matMul(values.reshape(-1, 1)).reshape(z.getShape());
    return Parameterisation.noiseOfImage(mean, z, gamma);
  }
}
