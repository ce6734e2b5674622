package io.surprisal.model.calibration;

import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.release.LossProfile;
import java.util.stream.IntStream;

/**
 * Gathers evaluations of the diffusion loss into equal bins of t: their means and variances make a
 * {@link LossProfile}. For one thread.
 */
final class LossBins {
  /** Bins of t in [0, 1). */
  static final int BINS = 32;

  private final NoiseSchedule schedule;
  private final long[] counts = new long[BINS];
  private final double[] means = new double[BINS];
  private final double[] squares = new double[BINS];

  LossBins(NoiseSchedule schedule) {
    this.schedule = schedule;
  }

  /**
   * Adds the evaluations of one image.
   *
   * @param times t of each, in [0, 1)
   * @param squaredErrors ‖ε − ε̂‖²/D of each
   */
  void add(double[] times, float[] squaredErrors) {
    for (int i = 0; i < times.length; i++) {
      double nats = DiffusionTime.CONTINUOUS.weight(schedule, times[i]) * squaredErrors[i];
      add((int) (times[i] * BINS), nats / Math.log(2));
    }
  }

  /** Welford's update (1962), exact where the variance is small beside the mean. */
  private void add(int bin, double bitsPerDim) {
    counts[bin]++;
    double before = bitsPerDim - means[bin];
    means[bin] += before / counts[bin];
    squares[bin] += before * (bitsPerDim - means[bin]);
  }

  /** The bins that can show a variance: those of two evaluations or more. */
  LossProfile profile() {
    return new LossProfile(
        IntStream.range(0, BINS).filter(bin -> counts[bin] > 1).mapToObj(this::point).toList());
  }

  private LossProfile.Point point(int bin) {
    double t = (bin + 0.5) / BINS;
    return new LossProfile.Point(
        t, schedule.gamma(t), means[bin], squares[bin] / (counts[bin] - 1), counts[bin]);
  }
}
