package io.surprisal.service.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** How long an untrained network's forward pass takes, by threads, precision and batch size. */
final class ForwardPassTimes {
  private final List<Integer> threads;
  private final IntConsumer setThreads;
  private final ModelConfiguration model;
  private final Device device;
  private final Passes passes;

  private ForwardPassTimes(
      List<Integer> threads,
      IntConsumer setThreads,
      ModelConfiguration model,
      Device device,
      Passes passes) {
    this.threads = threads;
    this.setThreads = setThreads;
    this.model = model;
    this.device = device;
    this.passes = passes;
  }

  /**
   * Of operators with the threads that the engine has given them.
   *
   * @param threads how many these are
   */
  static ForwardPassTimes at(int threads, ModelConfiguration model, Device device, Passes passes) {
    return new ForwardPassTimes(List.of(threads), count -> {}, model, device, passes);
  }

  /**
   * Of operators of 1, 2, 4, … threads, which are set before each measurement.
   *
   * @param most threads, measured too
   */
  static ForwardPassTimes sweeping(
      int most, ModelConfiguration model, Device device, Passes passes) {
    return new ForwardPassTimes(
        powersOfTwo(most), TorchRuntime::setOperatorThreads, model, device, passes);
  }

  /**
   * One measurement.
   *
   * @param threads of an operator
   * @param batch images of a pass
   * @param imagesPerSecond at the median
   * @param gigaflopsPerSecond at the median
   */
  record Row(
      int threads,
      String precision,
      int batch,
      Timing millisPerImage,
      double imagesPerSecond,
      double gigaflopsPerSecond) {}

  /** How many measurements so many batch sizes take. */
  long measurements(int batches) {
    return (long) Precision.OF_SCORES.size() * batches * threads.size();
  }

  /**
   * Measures.
   *
   * @param batches sizes, at least 1 each
   * @param progress is told after every measurement
   */
  List<Row> measure(List<Integer> batches, Runnable progress) {
    double flops = ForwardCost.flops(model);
    List<Row> rows = new ArrayList<>();
    for (int count : threads) {
      setThreads.accept(count);
      for (int batch : batches) {
        for (Precision precision : Precision.OF_SCORES) {
          Timing timing = time(new Execution(device, precision), batch);
          rows.add(
              new Row(
                  count,
                  precision.toString(),
                  batch,
                  timing,
                  1000 / timing.median(),
                  flops / timing.median() * 1e-6));
          progress.run();
        }
      }
    }
    return rows;
  }

  /** Powers of two, and the most. */
  static List<Integer> powersOfTwo(int most) {
    List<Integer> counts = new ArrayList<>();
    for (int count = 1; count < most; count *= 2) {
      counts.add(count);
    }
    counts.add(most);
    return counts;
  }

  private Timing time(Execution execution, int batch) {
    float[] noise = new float[batch * model.dimensions()];
    new CounterNoise(1).fillGaussian(0, noise, 0, noise.length);
    float[] levels = new float[batch];
    for (int i = 0; i < batch; i++) {
      levels[i] = (float) (-13 + 18 * (i + 0.5) / batch);
    }
    Shape shape = new Shape(batch, model.channels(), model.height(), model.width());
    try (DiffusionModel loaded =
        new DiffusionModel(model, InitialParameters.draw(model, 1), execution)) {
      return passes.time(
          () -> {
            try (NDManager manager = loaded.newManager()) {
              NDArray z = manager.create(noise, shape);
              NDArray gamma = manager.create(levels);
              long start = System.nanoTime();
              loaded.denoiser().predictNoise(z, gamma).toFloatArray();
              return (System.nanoTime() - start) * 1e-6 / batch;
            }
          });
    }
  }
}
