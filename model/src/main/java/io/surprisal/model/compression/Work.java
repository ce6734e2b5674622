package io.surprisal.model.compression;

import java.util.function.BooleanSupplier;

/**
 * Counts steps for whoever waits, and ends the coding when that one no longer does. Thread-safe.
 */
final class Work implements StepListener {
  private final long expected;
  private final int timesteps;
  private final CodingProgress progress;
  private final BooleanSupplier stop;
  private long pictures;
  private long tiles;
  private long done;

  /**
   * Begins.
   *
   * @param expected pictures; 0 where nobody knows
   * @param timesteps T
   * @param stop asked before every step
   */
  Work(long expected, int timesteps, CodingProgress progress, BooleanSupplier stop) {
    this.expected = expected;
    this.timesteps = timesteps;
    this.progress = progress;
    this.stop = stop;
  }

  @Override
  public synchronized void block(int pictures, int tiles) {
    this.pictures += pictures;
    this.tiles += tiles;
  }

  @Override
  public synchronized void step(int images) {
    if (stop.getAsBoolean()) {
      throw new StoppedException();
    }
    done += images;
    progress.at(done, all());
  }

  /** Pictures to come are taken to have as many tiles as those that came. */
  private long all() {
    double share = pictures == 0 ? 1 : Math.max(1.0, (double) expected / pictures);
    return Math.round(share * tiles) * timesteps;
  }
}
