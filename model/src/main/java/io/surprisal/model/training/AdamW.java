package io.surprisal.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * AdamW (Loshchilov &amp; Hutter 2019, "Decoupled weight decay regularization") on one flat vector,
 * with β = (0.9, 0.99) as in the paper, after clipping the global gradient norm. Written here
 * because DJL clips one-sidedly and keeps the moments to itself, so that no run could be resumed.
 *
 * <p>The moments belong to the manager given; gradients stay the caller's.
 */
final class AdamW {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.99;
  private static final double EPSILON = 1e-8;

  private final double weightDecay;
  private final double clipNorm;
  private final NDArray firstMoment;
  private final NDArray secondMoment;
  private long steps;

  /** An optimiser that goes on after {@code steps} steps. */
  AdamW(
      NDManager manager,
      FitConfiguration configuration,
      float[] firstMoment,
      float[] secondMoment,
      long steps) {
    this.weightDecay = configuration.weightDecay();
    this.clipNorm = configuration.clipNorm();
    this.firstMoment = manager.create(firstMoment);
    this.secondMoment = manager.create(secondMoment);
    this.steps = steps;
  }

  /**
   * Updates parameters in place.
   *
   * @param parameters flat vector, changed
   * @param gradient of the loss, same length, changed by the clipping; its manager owns the
   *     temporaries
   * @return the global norm before clipping
   */
  double step(NDArray parameters, NDArray gradient, double learningRate) {
    double norm = Math.sqrt(gradient.square().sum().getFloat());
    if (norm > clipNorm) {
      gradient.muli((float) (clipNorm / (norm + 1e-6)));
    }
    steps++;
    firstMoment.muli((float) BETA1).addi(gradient.mul((float) (1 - BETA1)));
    secondMoment.muli((float) BETA2).addi(gradient.square().mul((float) (1 - BETA2)));
    double correction1 = 1 - Math.pow(BETA1, (double) steps);
    double correction2 = 1 - Math.pow(BETA2, (double) steps);
    try (NDArray root = secondMoment.sqrt();
        NDArray scaled = root.mul((float) (1 / Math.sqrt(correction2)));
        NDArray denominator = scaled.add((float) EPSILON);
        NDArray direction = firstMoment.div(denominator);
        NDArray change = direction.mul((float) (learningRate / correction1))) {
      parameters.muli((float) (1 - learningRate * weightDecay)).subi(change);
    }
    return norm;
  }

  float[] firstMoment() {
    return firstMoment.toFloatArray();
  }

  float[] secondMoment() {
    return secondMoment.toFloatArray();
  }
}
