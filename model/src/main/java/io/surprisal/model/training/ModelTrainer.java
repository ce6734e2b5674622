package io.surprisal.model.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.NoiseTimes;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.network.Constants;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.network.TorchRuntime;
import java.util.Arrays;

/**
 * Takes optimiser steps on the continuous-time bound: network and noise schedule together minimise
 * its mean over a batch, at low-discrepancy times.
 *
 * <p>Owns native memory: parameters, their moving average, the optimiser's moments and the
 * network's module. Every step has a manager of its own, so that nothing piles up. Not thread-safe;
 * one at a time in a JVM, since PyTorch has one gradient collector.
 */
final class ModelTrainer implements AutoCloseable {
  private static final int STREAMS_A_STEP = 4;

  private final ModelConfiguration configuration;
  private final FitConfiguration fit;
  private final int scheduleSize;
  private final CounterNoise noise;
  private final long seed;
  private final LikelihoodNetwork network;
  private final NDArray parameters;
  private final NDArray average;
  private final AdamW optimizer;
  private long steps;

  /**
   * What one step saw.
   *
   * @param bitsPerDim mean bound of the batch before the step
   * @param gradientNorm global norm before clipping
   */
  record Step(double bitsPerDim, double gradientNorm) {}

  /** Everything that another trainer needs to go on exactly here. Equal when every number is. */
  @SuppressWarnings("ArrayRecordComponent") // compared by content
  record State(
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
  ModelTrainer(ModelConfiguration configuration, FitConfiguration fit, Device device, long seed) {
    this(configuration, fit, device, seed, initial(configuration, seed));
  }

  /** A trainer that goes on from a state. */
  ModelTrainer(
      ModelConfiguration configuration,
      FitConfiguration fit,
      Device device,
      long seed,
      State state) {
    this.configuration = configuration;
    this.fit = fit;
    this.seed = seed;
    noise = new CounterNoise(seed);
    scheduleSize = ParameterLayout.of(configuration).scheduleSize();
    network = new LikelihoodNetwork(configuration, device, true);
    NDManager manager = network.manager();
    parameters = manager.create(state.parameters());
    average = manager.create(state.average());
    optimizer = new AdamW(manager, fit, state.firstMoment(), state.secondMoment(), state.steps());
    steps = state.steps();
  }

  private static State initial(ModelConfiguration configuration, long seed) {
    float[] parameters = InitialParameters.draw(configuration, seed);
    return new State(
        0, parameters, parameters, new float[parameters.length], new float[parameters.length]);
  }

  /**
   * One step on a batch.
   *
   * @param rate factor on the configured learning rate, in [0, 1]
   * @throws ArithmeticException if the loss or the gradient is not finite; parameters are unchanged
   */
  Step step(ImageDataset data, int[] batch, double rate) {
    long stream = STREAMS_A_STEP * steps;
    TorchRuntime.engine().setRandomSeed((int) (seed * 31 + steps)); // dropout
    try (NDManager manager = network.manager().newSubManager()) {
      Shape shape =
          new Shape(
              batch.length,
              configuration.channels(),
              configuration.height(),
              configuration.width());
      NDArray levels = manager.create(levels(data, batch), shape);
      NDArray epsilon = manager.create(gaussian(stream, shape), shape);
      NDArray epsilon0 = manager.create(gaussian(stream + 1, shape), shape);
      NDArray times = manager.create(times(batch.length, noise.uniform(stream + 2)));
      return step(manager, levels, times, epsilon, epsilon0, rate);
    }
  }

  /** One step on noise and times that are given; its temporaries belong to {@code manager}. */
  Step step(
      NDManager manager,
      NDArray levels,
      NDArray times,
      NDArray epsilon,
      NDArray epsilon0,
      double rate) {
    Gradient gradient = gradient(manager, levels, times, epsilon, epsilon0);
    double norm = optimizer.step(parameters, gradient.flat(), rate * fit.learningRate());
    steps++;
    updateAverage(manager);
    return new Step(gradient.bitsPerDim(), norm);
  }

  private static float[] levels(ImageDataset data, int[] batch) {
    int dimensions = data.channels() * data.height() * data.width();
    float[] levels = new float[batch.length * dimensions];
    int at = 0;
    for (int index : batch) {
      for (byte pixel : data.image(index).pixels()) {
        levels[at++] = pixel & 0xff;
      }
    }
    return levels;
  }

  private float[] gaussian(long stream, Shape shape) {
    float[] values = new float[Math.toIntExact(shape.size())];
    noise.fillGaussian(stream, values, 0, values.length);
    return values;
  }

  private static float[] times(int count, double u) {
    double[] times = NoiseTimes.stratified(count, u);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) times[i];
    }
    return values;
  }

  /**
   * The loss of a batch and its gradient.
   *
   * @param bitsPerDim mean bound of the batch
   * @param flat gradient of {@code bitsPerDim} in the layout of the parameters
   */
  record Gradient(double bitsPerDim, NDArray flat) {}

  /**
   * Gradient of the batch's mean bound in bits/dim; everything belongs to {@code manager}.
   *
   * @throws ArithmeticException if it is not finite
   */
  Gradient gradient(
      NDManager manager, NDArray levels, NDArray times, NDArray epsilon, NDArray epsilon0) {
    NDArray scheduleLeaf = leaf(manager, 0, scheduleSize);
    NDArray networkLeaf = leaf(manager, scheduleSize, parameters.size());
    double bitsPerDim;
    try (GradientCollector collector = TorchRuntime.engine().newGradientCollector()) {
      VariationalBound bound =
          new VariationalBound(
              new NoiseSchedule(configuration, scheduleLeaf, manager),
              (z, gamma) -> network.predict(z, gamma, networkLeaf));
      NDArray x = VariationalBound.scale(levels);
      NDArray nats =
          bound
              .prior(x)
              .add(bound.reconstruction(levels, epsilon0))
              .add(bound.diffusion(x, times, epsilon).loss());
      NDArray loss = Constants.times(nats.mean(), 1 / (configuration.dimensions() * Math.log(2)));
      bitsPerDim = loss.getFloat();
      collector.backward(loss);
    }
    NDArray flat = networkLeaf.getGradient();
    flat.attach(manager);
    if (scheduleSize > 0) {
      NDArray scheduleGradient = scheduleLeaf.getGradient();
      scheduleGradient.attach(manager);
      flat = scheduleGradient.concat(flat);
    }
    double norm = flat.square().sum().getFloat();
    if (!Double.isFinite(bitsPerDim) || !Double.isFinite(norm)) {
      throw new ArithmeticException(
          "training diverged at step "
              + steps
              + ": bits/dim "
              + bitsPerDim
              + ", squared gradient norm "
              + norm
              + "; lower the learning rate or resume from the last checkpoint with another seed");
    }
    return new Gradient(bitsPerDim, flat);
  }

  private NDArray leaf(NDManager manager, long from, long to) {
    NDArray view = parameters.get("{}:{}", from, to);
    view.attach(manager);
    NDArray leaf = view.duplicate();
    leaf.setRequiresGradient(true);
    return leaf;
  }

  /** Ramps up as 1 − (1 + n)^−¾, so that a short run is not an average with its start. */
  private void updateAverage(NDManager manager) {
    double rate = Math.min(fit.averageRate(), 1 - Math.pow(1.0 + steps, -0.75));
    NDArray change = parameters.sub(average);
    change.attach(manager);
    average.addi(change.mul((float) (1 - rate)));
  }

  /** Optimiser steps taken. */
  long steps() {
    return steps;
  }

  /** The parameters as they are. */
  float[] parameters() {
    return parameters.toFloatArray();
  }

  /** The exponential moving average of the parameters. */
  float[] averagedParameters() {
    return average.toFloatArray();
  }

  State state() {
    return new State(
        steps,
        parameters(),
        averagedParameters(),
        optimizer.firstMoment(),
        optimizer.secondMoment());
  }

  @Override
  public void close() {
    network.close();
  }
}
