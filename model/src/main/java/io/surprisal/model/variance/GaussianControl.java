package io.surprisal.model.variance;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.diffusion.GaussianModel.Components;

/**
 * How much worse or better a Gaussian's denoiser does on the very noise of an evaluation than it
 * does on average: ‖ε − ε̂_G‖² less its expectation. It moves with the network's error and is 0 in
 * expectation at every image and noise level, so that a multiple of it can be subtracted from an
 * estimate without bias.
 *
 * <p>Its arrays belong to the manager given. Threads may share an instance.
 */
final class GaussianControl {
  private final GaussianModel gaussian;
  private final NDArray mean;
  private final NDArray directions;

  GaussianControl(NDManager manager, GaussianModel gaussian) {
    this.gaussian = gaussian;
    mean = manager.create(gaussian.mean());
    directions = manager.create(gaussian.directions());
  }

  /**
   * Measures evaluations of one image.
   *
   * @param x the scaled image {@code [1, channels, height, width]}
   * @param epsilon noise of each evaluation {@code [count, channels, height, width]}; its manager
   *     owns the temporaries
   * @param gammas noise level of each
   */
  double[] excess(NDArray x, NDArray epsilon, double[] gammas) {
    NDManager manager = epsilon.getManager();
    NDArray deviation = x.reshape(1, -1).sub(mean);
    deviation.attach(manager);
    Components y = components(deviation)[0];
    NDArray noise = epsilon.reshape(gammas.length, -1);
    Components[] noises = components(noise);
    float[] products = noise.mul(deviation).sum(new int[] {1}).toFloatArray();
    double[] excess = new double[gammas.length];
    for (int i = 0; i < excess.length; i++) {
      excess[i] =
          gaussian.error(y, noises[i], products[i], gammas[i])
              - gaussian.expectedError(y, gammas[i]);
    }
    return excess;
  }

  private Components[] components(NDArray vectors) {
    float[] along = vectors.matMul(directions.transpose()).toFloatArray();
    float[] squares = vectors.square().sum(new int[] {1}).toFloatArray();
    int rank = gaussian.directions().length;
    Components[] components = new Components[squares.length];
    for (int i = 0; i < components.length; i++) {
      double[] row = new double[rank];
      for (int k = 0; k < rank; k++) {
        row[k] = along[i * rank + k];
      }
      components[i] = new Components(row, squares[i]);
    }
    return components;
  }
}
