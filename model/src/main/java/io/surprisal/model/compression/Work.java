package io.surprisal.model.compression;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Counts steps for whoever waits, and ends the coding when that one no longer does. */
final class Work implements StepListener {
  private final AtomicLong done = new AtomicLong();
  private final LongConsumer progress;
  private final BooleanSupplier stop;

  /**
   * Begins.
   *
   * @param progress takes how many steps of images are done
   * @param stop asked before every step
   */
  Work(LongConsumer progress, BooleanSupplier stop) {
    this.progress = progress;
    this.stop = stop;
  }

  @Override
  public void step(int images) {
    if (stop.getAsBoolean()) {
      throw new StoppedException();
    }
    progress.accept(done.addAndGet(images));
  }
}
