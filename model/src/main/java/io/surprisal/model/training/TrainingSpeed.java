package io.surprisal.model.training;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import java.util.stream.IntStream;

/**
 * How long optimiser steps take: the real ones of a {@code fit}, data and noise included.
 *
 * <p>Owns native memory; {@link #close()} frees it. Not thread-safe.
 */
public final class TrainingSpeed implements AutoCloseable {
  private final ModelTrainer trainer;
  private final ImageDataset data;
  private final int[] batch;

  /**
   * Prepares an untrained model.
   *
   * @param fit how it is trained; what it says of the network does not count
   * @param data images of the model's shape that the batches are taken from, in turn
   * @param workers parts of a batch side by side
   */
  public TrainingSpeed(
      ModelConfiguration model,
      FitConfiguration fit,
      ImageDataset data,
      Device device,
      int workers) {
    this.data = data;
    trainer = new ModelTrainer(model, fit, device, workers, 1);
    batch = IntStream.range(0, fit.step().batch()).map(i -> i % data.size()).toArray();
  }

  /** Takes one step. */
  public StageTimes step() {
    trainer.step(data, batch, 1);
    return trainer.times();
  }

  @Override
  public void close() {
    trainer.close();
  }
}
