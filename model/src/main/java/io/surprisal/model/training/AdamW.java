package io.surprisal.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.surprisal.model.network.ParameterLayout;
import java.util.Arrays;
import java.util.Optional;

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

  private final double clipNorm;
  private final NDArray decay;
  private final NDArray rateFactor;
  private final NDArray counted;
  private final NDArray uncounted;
  private final NDArray network;
  private final int scheduleFromStep;
  private final NDArray firstMoment;
  private final NDArray secondMoment;
  private final Optional<Orthogonaliser> orthogonaliser;
  private long steps;

  /**
   * An optimiser that goes on after {@code steps} steps.
   *
   * @param layout of the flat vector; the interior of a monotone schedule has a learning rate of
   *     its own and does not count in the gradient norm, since it minimises something else than all
   *     other parameters
   */
  AdamW(
      NDManager manager,
      FitConfiguration configuration,
      ParameterLayout layout,
      float[] firstMoment,
      float[] secondMoment,
      long steps) {
    clipNorm = configuration.optimisation().clipNorm();
    decay = manager.create(decay(configuration, layout));
    rateFactor = manager.create(interior(layout, (float) configuration.noise().scheduleRate()));
    counted =
        configuration.loss().time().continuous()
            ? manager.create(interior(layout, 0))
            : manager.create(new float[] {1});
    uncounted = counted.mul(-1).addi(1);
    network = manager.create(network(layout));
    scheduleFromStep = configuration.noise().scheduleFromStep();
    this.firstMoment = manager.create(firstMoment);
    this.secondMoment = manager.create(secondMoment);
    this.steps = steps;
    orthogonaliser =
        configuration.optimisation().optimizer() == FitConfiguration.Optimizer.MUON
            ? Optional.of(new Orthogonaliser(manager, layout))
            : Optional.empty();
  }

  /** Weight decay of each parameter, or one for all. */
  private static float[] decay(FitConfiguration configuration, ParameterLayout layout) {
    float decay = (float) configuration.optimisation().weightDecay();
    if (configuration.optimisation().decayBiases()) {
      return new float[] {decay};
    }
    float[] decays = new float[layout.size()];
    for (ParameterLayout.Entry entry : layout.entries()) {
      if (!entry.name().endsWith("bias")) {
        Arrays.fill(decays, entry.offset(), entry.offset() + entry.size(), decay);
      }
    }
    return decays;
  }

  /** A number for the interior of a normalised schedule, 1 for every other parameter. */
  private static float[] interior(ParameterLayout layout, float value) {
    if (layout.interiorStart() == layout.interiorEnd()) {
      return new float[] {1};
    }
    float[] values = new float[layout.size()];
    Arrays.fill(values, 1);
    Arrays.fill(values, layout.interiorStart(), layout.interiorEnd(), value);
    return values;
  }

  /** 0 for the schedule, 1 for the network. */
  private static float[] network(ParameterLayout layout) {
    float[] values = new float[layout.size()];
    Arrays.fill(values, layout.scheduleSize(), values.length, 1);
    return values;
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
    boolean scheduleStays = steps < scheduleFromStep;
    if (scheduleStays) {
      gradient.muli(network);
    }
    double norm = Math.sqrt(gradient.mul(counted).square().sum().getFloat());
    if (clipNorm > 0 && norm > clipNorm) {
      double scale = clipNorm / (norm + 1e-6);
      try (NDArray factors = counted.mul((float) scale).addi(uncounted)) {
        gradient.muli(factors);
      }
    }
    steps++;
    firstMoment.muli((float) BETA1).addi(gradient.mul((float) (1 - BETA1)));
    secondMoment.muli((float) BETA2).addi(gradient.square().mul((float) (1 - BETA2)));
    double correction1 = 1 - Math.pow(BETA1, (double) steps);
    double correction2 = 1 - Math.pow(BETA2, (double) steps);
    NDManager manager = gradient.getManager();
    NDArray root = secondMoment.sqrt();
    root.attach(manager);
    NDArray denominator = root.mul((float) (1 / Math.sqrt(correction2))).add((float) EPSILON);
    NDArray unbiased = firstMoment.mul((float) (1 / correction1));
    unbiased.attach(manager);
    NDArray direction = unbiased.div(denominator);
    if (orthogonaliser.isPresent()) {
      direction = orthogonaliser.get().replace(direction, lookahead(gradient));
    }
    NDArray decayed = parameters.mul(decay);
    decayed.attach(manager);
    NDArray change = direction.add(decayed).mul(rateFactor).mul((float) learningRate);
    if (scheduleStays) {
      change.muli(network); // weight decay
    }
    parameters.subi(change);
    return norm;
  }

  /** The first moment as the next step would find it if its gradient were the same (Nesterov). */
  private NDArray lookahead(NDArray gradient) {
    NDArray kept = firstMoment.mul((float) BETA1);
    kept.attach(gradient.getManager());
    return gradient.mul((float) (1 - BETA1)).add(kept);
  }

  float[] firstMoment() {
    return firstMoment.toFloatArray();
  }

  float[] secondMoment() {
    return secondMoment.toFloatArray();
  }
}
