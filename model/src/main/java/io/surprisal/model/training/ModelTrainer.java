package io.surprisal.model.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.NoiseTimes;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.runtime.Workers;
import java.util.Arrays;

/**
 * Takes optimiser steps on the bound, at low-discrepancy times. The network and the end points of
 * the noise schedule minimise the bound's mean over a batch. The interior of a monotone schedule,
 * which that mean does not depend on in continuous time, minimises the variance of the diffusion
 * estimate (arXiv 2107.00630, section 5.3 and appendix I.2): see {@link BatchGradient}.
 *
 * <p>Owns its workers and native memory: parameters, their moving average, the optimiser's moments
 * and the network's module. Every step has a manager of its own, so that nothing piles up. Not
 * thread-safe; one at a time in a JVM, since DJL has one gradient collector.
 */
public final class ModelTrainer implements AutoCloseable {
  private static final int STREAMS_A_STEP = 4;

  private final ModelConfiguration configuration;
  private final FitConfiguration fit;
  private final CounterNoise noise;
  private final long seed;
  private final Workers workers;
  private final LikelihoodNetwork network;
  private final NDArray parameters;
  private final NDArray average;
  private final AdamW optimizer;
  private final BatchGradient batchGradient;
  private long steps;
  private StageTimes times = StageTimes.NONE;

  /**
   * What one step saw.
   *
   * @param bitsPerDim mean bound of the batch before the step
   * @param gradientNorm global norm before clipping
   */
  public record Step(double bitsPerDim, double gradientNorm) {}

  /** Everything that another trainer needs to go on exactly here. Equal when every number is. */
  @SuppressWarnings("ArrayRecordComponent") // compared by content
  public record State(
      long steps, float[] parameters, float[] average, float[] firstMoment, float[] secondMoment) {

    @Override
    public boolean equals(Object other) {
      return other instanceof State that
          && steps == that.steps
          && Arrays.equals(parameters, that.parameters)
          && Arrays.equals(average, that.average)
          && Arrays.equals(firstMoment, that.firstMoment)
          && Arrays.equals(secondMoment, that.secondMoment);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(parameters) * 31 + Long.hashCode(steps);
    }
  }

  /** A trainer of an untrained model. */
  public ModelTrainer(
      ModelConfiguration configuration,
      FitConfiguration fit,
      Device device,
      int workers,
      long seed) {
    this(configuration, fit, device, workers, seed, initial(configuration, seed));
  }

  /** The state before the first step of a training that starts from weights of its choice. */
  public static State startingFrom(float[] parameters) {
    return new State(
        0, parameters, parameters, new float[parameters.length], new float[parameters.length]);
  }

  /**
   * A trainer that goes on from a state.
   *
   * @param workers most parts of a batch that are worked on side by side; one with dropout, which
   *     draws from the one random generator that PyTorch has
   */
  public ModelTrainer(
      ModelConfiguration configuration,
      FitConfiguration fit,
      Device device,
      int workers,
      long seed,
      State state) {
    this.configuration = configuration;
    this.workers = new Workers("trainer", configuration.dropout() > 0 ? 1 : workers);
    this.fit = fit;
    this.seed = seed;
    noise = new CounterNoise(seed);
    network = new LikelihoodNetwork(configuration, device, true, fit.step().precision());
    NDManager manager = network.manager();
    parameters = manager.create(state.parameters());
    average = manager.create(state.average());
    optimizer =
        new AdamW(
            manager,
            fit,
            ParameterLayout.of(configuration),
            state.firstMoment(),
            state.secondMoment(),
            state.steps());
    batchGradient =
        new BatchGradient(configuration, fit, network, parameters, this.workers, device);
    steps = state.steps();
  }

  /** The state of an untrained model. */
  public static State initial(ModelConfiguration configuration, long seed) {
    return startingFrom(InitialParameters.draw(configuration, seed));
  }

  /**
   * One step on a batch.
   *
   * @param rate factor on the configured learning rate, in [0, 1]
   * @throws ArithmeticException if the loss or the gradient is not finite; parameters are unchanged
   */
  public Step step(ImageDataset data, int[] batch, double rate) {
    long start = System.nanoTime();
    long stream = STREAMS_A_STEP * steps;
    TorchRuntime.engine().setRandomSeed((int) (seed * 31 + steps)); // dropout
    try (NDManager manager = network.manager().newSubManager()) {
      Shape shape =
          new Shape(
              batch.length,
              configuration.channels(),
              configuration.height(),
              configuration.width());
      NDArray levels = manager.create(levels(data, batch, stream + 3), shape);
      NDArray epsilon = manager.create(gaussian(stream, shape), shape);
      NDArray epsilon0 = manager.create(gaussian(stream + 1, shape), shape);
      double[] times = NoiseTimes.stratified(batch.length, noise.uniform(stream + 2));
      long drawn = System.nanoTime();
      Step step = step(manager, levels, times, epsilon, epsilon0, rate);
      this.times = this.times.withData(drawn - start);
      return step;
    }
  }

  /** One step on noise and times that are given; its temporaries belong to {@code manager}. */
  public Step step(
      NDManager manager,
      NDArray levels,
      double[] times,
      NDArray epsilon,
      NDArray epsilon0,
      double rate) {
    BatchGradient.Gradient gradient = gradient(manager, levels, times, epsilon, epsilon0);
    long start = System.nanoTime();
    double norm =
        optimizer.step(parameters, gradient.flat(), rate * fit.optimisation().learningRate());
    long optimised = System.nanoTime();
    steps++;
    updateAverage(manager);
    this.times = gradient.times().withUpdates(optimised - start, System.nanoTime() - optimised);
    return new Step(gradient.bitsPerDim(), norm);
  }

  /** Pixels of a batch, each image mirrored by chance where the configuration says so. */
  private float[] levels(ImageDataset data, int[] batch, long stream) {
    int width = data.width();
    float[] levels = new float[batch.length * data.channels() * data.height() * width];
    float[] chance = new float[batch.length];
    if (fit.step().flip()) {
      noise.fillGaussian(stream, chance, 0, chance.length);
    }
    int at = 0;
    for (int i = 0; i < batch.length; i++) {
      byte[] pixels = data.image(batch[i]).pixels();
      for (int p = 0; p < pixels.length; p++) {
        int x = p % width;
        int source = chance[i] > 0 ? p - x + width - 1 - x : p;
        levels[at++] = pixels[source] & 0xff;
      }
    }
    return levels;
  }

  private float[] gaussian(long stream, Shape shape) {
    float[] values = new float[Math.toIntExact(shape.size())];
    noise.fillGaussian(stream, values, 0, values.length);
    return values;
  }

  /** The loss of a batch and its gradient; see {@link BatchGradient#of}. */
  BatchGradient.Gradient gradient(
      NDManager manager, NDArray levels, double[] times, NDArray epsilon, NDArray epsilon0) {
    return batchGradient.of(
        manager, new BatchGradient.Batch(levels, epsilon, epsilon0), times, steps);
  }

  private void updateAverage(NDManager manager) {
    double rate = fit.average().rate(steps);
    NDArray change = parameters.sub(average);
    change.attach(manager);
    average.addi(change.mul((float) (1 - rate)));
  }

  /** Optimiser steps taken. */
  public long steps() {
    return steps;
  }

  /** The parameters as they are. */
  public float[] parameters() {
    return parameters.toFloatArray();
  }

  /** The exponential moving average of the parameters. */
  public float[] averagedParameters() {
    return average.toFloatArray();
  }

  /** Where the time of the last step went. */
  StageTimes times() {
    return times;
  }

  public State state() {
    return new State(
        steps,
        parameters(),
        averagedParameters(),
        optimizer.firstMoment(),
        optimizer.secondMoment());
  }

  @Override
  public void close() {
    workers.close();
    network.close();
  }
}
