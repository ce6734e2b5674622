package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.surprisal.model.network.ModelConfiguration;

/**
 * γ(t) = −log SNR(t), increasing in t ∈ [0, 1]. Both schedules here are linear, γ(t) = b + |w| t,
 * so γ′ = |w| in closed form; {@code FIXED_LINEAR} has constants where {@code LEARNED_SCALAR} has
 * parameters.
 *
 * <p>Holds native arrays that belong to the manager it was made with.
 */
public final class NoiseSchedule {
  private final NDArray start;
  private final NDArray slope;

  /**
   * A schedule on the given parameters; gradients flow into them where they require it.
   *
   * @param parameters the schedule's part of the flat vector, {@code [scheduleSize]}
   * @param manager owns what is made here
   */
  public NoiseSchedule(ModelConfiguration configuration, NDArray parameters, NDManager manager) {
    switch (configuration.schedule()) {
      case FIXED_LINEAR -> {
        start = manager.create(new float[] {(float) configuration.gammaMin()});
        slope =
            manager.create(
                new float[] {(float) (configuration.gammaMax() - configuration.gammaMin())});
      }
      case LEARNED_SCALAR -> {
        start = parameters.get("0:1");
        start.attach(manager);
        NDArray weight = parameters.get("1:2");
        weight.attach(manager);
        slope = weight.abs();
      }
      default -> throw new IllegalArgumentException("schedule " + configuration.schedule());
    }
  }

  /** γ(t) for t {@code [batch]}. */
  public NDArray gamma(NDArray t) {
    return t.mul(slope).add(start);
  }

  /** γ(0), {@code [1]}. */
  public NDArray gammaAtZero() {
    return start;
  }

  /** γ(1), {@code [1]}. */
  public NDArray gammaAtOne() {
    return start.add(slope);
  }

  /** dγ/dt, {@code [1]}; the same for every t. */
  public NDArray derivative() {
    return slope;
  }
}
