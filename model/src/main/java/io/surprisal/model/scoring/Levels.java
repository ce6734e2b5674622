package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.TimeDensity;
import java.util.Arrays;

/**
 * Where an image is evaluated.
 *
 * @param times t of each evaluation, in order
 * @param gammas γ(t)
 * @param weights of the squared errors in the diffusion loss, nats; over the density of the times
 * @param densities of the times
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Levels(double[] times, double[] gammas, double[] weights, double[] densities) {

  /**
   * The levels of K evaluations.
   *
   * @param offset u in [0, 1) of the times before their density
   */
  static Levels of(
      DiffusionTime time, TimeDensity density, NoiseSchedule schedule, int k, double offset) {
    double[] times = Arrays.stream(time.times(k, offset)).map(density::time).toArray();
    return new Levels(
        times,
        schedule.gamma(times),
        Arrays.stream(times).map(t -> time.weight(schedule, t) / density.at(t)).toArray(),
        Arrays.stream(times).map(density::at).toArray());
  }
}
