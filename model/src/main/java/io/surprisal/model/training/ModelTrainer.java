package io.surprisal.model.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.Denoiser;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.NoiseTimes;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.network.TrainingCost;
import io.surprisal.model.runtime.Constants;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.runtime.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Takes optimiser steps on the bound, at low-discrepancy times. The network and the end points of
 * the noise schedule minimise the bound's mean over a batch. The interior of a monotone schedule,
 * which that mean does not depend on in continuous time, minimises the variance of the diffusion
 * estimate (arXiv 2107.00630, section 5.3 and appendix I.2). One backward pass through the network
 * serves both: see {@link ScheduleGradient}.
 *
 * <p>A batch is split among workers, and into as many parts as memory asks for; the gradients of
 * the parts are added in their order, so that a run can be repeated with the same number of
 * workers.
 *
 * <p>Owns its workers and native memory: parameters, their moving average, the optimiser's moments
 * and the network's module. Every step has a manager of its own, so that nothing piles up. Not
 * thread-safe; one at a time in a JVM, since DJL has one gradient collector.
 */
public final class ModelTrainer implements AutoCloseable {
  private static final int STREAMS_A_STEP = 4;

  /** Of all memory, what the backward passes may keep. */
  private static final double SHARE_OF_MEMORY = 0.5;

  private final ModelConfiguration configuration;
  private final FitConfiguration fit;
  private final ParameterLayout layout;
  private final CounterNoise noise;
  private final long seed;
  private final Workers workers;
  private final int largestPart;
  private final LikelihoodNetwork network;
  private final NDArray parameters;
  private final NDArray average;
  private final AdamW optimizer;
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
    largestPart = largestPart(configuration, device, this.workers.count());
    this.fit = fit;
    this.seed = seed;
    noise = new CounterNoise(seed);
    layout = ParameterLayout.of(configuration);
    network = new LikelihoodNetwork(configuration, device, true, fit.step().precision());
    NDManager manager = network.manager();
    parameters = manager.create(state.parameters());
    average = manager.create(state.average());
    optimizer =
        new AdamW(manager, fit, layout, state.firstMoment(), state.secondMoment(), state.steps());
    steps = state.steps();
  }

  /** The state of an untrained model. */
  public static State initial(ModelConfiguration configuration, long seed) {
    return startingFrom(InitialParameters.draw(configuration, seed));
  }

  /** How many images a worker can take at once. */
  private static int largestPart(ModelConfiguration configuration, Device device, int workers) {
    double memory = TorchRuntime.memory(device) * SHARE_OF_MEMORY / workers;
    return (int)
        Math.max(1, Math.min(memory / TrainingCost.bytes(configuration), Integer.MAX_VALUE));
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
    Gradient gradient = gradient(manager, levels, times, epsilon, epsilon0);
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

  /**
   * The loss of a batch and its gradient.
   *
   * @param bitsPerDim mean bound of the batch
   * @param flat gradient in the layout of the parameters: of the variance of the diffusion estimate
   *     in (bits/dim)² for the interior of a monotone schedule, of the loss in bits/dim for all
   *     else
   * @param times where the time went
   */
  record Gradient(double bitsPerDim, NDArray flat, StageTimes times) {}

  /**
   * What a part of a batch adds.
   *
   * @param fixedTerms prior + reconstruction of each image, nats
   * @param squaredErrors ‖ε − ε̂‖² of each image
   * @param byGamma derivative of the loss by γ of each image; empty where no schedule is learned
   * @param byEnds derivative of the loss by γ(0) and γ(1); empty likewise
   * @param network gradient of the network's parameters
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Part(
      float[] fixedTerms,
      float[] squaredErrors,
      float[] byGamma,
      float[] byEnds,
      NDArray network,
      StageTimes times) {}

  /** The images and the noise of a step; on the device. */
  private record Batch(NDArray levels, NDArray epsilon, NDArray epsilon0) {
    int images() {
      return Math.toIntExact(levels.getShape().get(0));
    }

    /** Images {@code from} to {@code to}; views that belong to {@code manager}. */
    Batch part(NDManager manager, int from, int to) {
      return new Batch(
          part(levels, manager, from, to),
          part(epsilon, manager, from, to),
          part(epsilon0, manager, from, to));
    }

    private static NDArray part(NDArray array, NDManager manager, int from, int to) {
      NDArray part = array.get("{}:{}", from, to);
      part.attach(manager);
      return part;
    }
  }

  /**
   * Gradient for a batch; everything belongs to {@code manager}.
   *
   * @param times t of each image, uniform on [0, 1); discrete time rounds them up to its steps
   * @throws ArithmeticException if it is not finite
   */
  Gradient gradient(
      NDManager manager, NDArray levels, double[] times, NDArray epsilon, NDArray epsilon0) {
    NoiseSchedule schedule = NoiseSchedule.of(configuration, scheduleParameters(manager));
    ScheduleGradient scheduleGradient =
        new ScheduleGradient(schedule, fit, times, 1 / (configuration.dimensions() * Math.log(2)));
    Batch batch = new Batch(levels, epsilon, epsilon0);
    int images = times.length;
    int pieces = pieces(images);
    List<Part> parts;
    try (GradientCollector collector = TorchRuntime.engine().newGradientCollector()) {
      parts =
          workers.map(
              pieces,
              i ->
                  part(
                      collector,
                      manager,
                      batch,
                      schedule,
                      scheduleGradient,
                      (int) ((long) images * i / pieces),
                      (int) ((long) images * (i + 1) / pieces)));
    }
    long start = System.nanoTime();
    double bitsPerDim =
        scheduleGradient.bitsPerDim(
            join(parts, Part::fixedTerms), join(parts, Part::squaredErrors));
    NDArray flat = parts.get(0).network();
    parts.stream().skip(1).forEach(part -> flat.addi(part.network()));
    NDArray all = withSchedule(flat, scheduleGradient, parts);
    double norm = all.square().sum().getFloat();
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
    StageTimes spent =
        StageTimes.sideBySide(
            parts.stream().map(Part::times).toList(), Math.min(workers.count(), pieces));
    return new Gradient(bitsPerDim, all, spent.withSum(System.nanoTime() - start));
  }

  /** One for each worker, or a multiple of that where memory asks for it. */
  private int pieces(int images) {
    int side = workers.count();
    int rounds = (int) Math.ceil((double) images / side / largestPart);
    return Math.min(images, rounds * side);
  }

  private static float[] join(List<Part> parts, Function<Part, float[]> values) {
    float[] all = new float[0];
    for (Part part : parts) {
      float[] more = values.apply(part);
      all = Arrays.copyOf(all, all.length + more.length);
      System.arraycopy(more, 0, all, all.length - more.length, more.length);
    }
    return all;
  }

  /** The gradient of the schedule's parameters before that of the network's. */
  private NDArray withSchedule(NDArray network, ScheduleGradient schedule, List<Part> parts) {
    if (layout.scheduleSize() == 0) {
      return network;
    }
    double[] ends = new double[2];
    for (Part part : parts) {
      ends[0] += part.byEnds()[0];
      ends[1] += part.byEnds()[1];
    }
    schedule.accept(join(parts, Part::byGamma), ends[0], ends[1]);
    return network
        .getManager()
        .create(schedule.parameters(layout, fit.optimisation().clipNorm()))
        .concat(network);
  }

  /** Loss and gradient of images {@code from} to {@code to}; only its result outlives it. */
  private Part part(
      GradientCollector collector,
      NDManager step,
      Batch whole,
      NoiseSchedule schedule,
      ScheduleGradient scheduleGradient,
      int from,
      int to) {
    long start = System.nanoTime();
    try (NDManager manager = step.newSubManager()) {
      Batch batch = whole.part(manager, from, to);
      boolean learned = layout.scheduleSize() > 0;
      NDArray networkLeaf = leaf(manager, layout.scheduleSize(), parameters.size());
      NDArray gamma = // float64, as z_t is then
          manager.create(Arrays.copyOfRange(scheduleGradient.gammas(), from, to));
      gamma.setRequiresGradient(learned);
      NDArray gamma0 = level(manager, new double[] {schedule.gammaAtZero()}, learned);
      NDArray gamma1 = level(manager, new double[] {schedule.gammaAtOne()}, learned);
      NDArray weights =
          level(manager, Arrays.copyOfRange(scheduleGradient.lossWeights(), from, to), false);
      NDArray x = VariationalBound.scale(batch.levels());
      NDArray fixedTerms =
          VariationalBound.prior(x, gamma1)
              .add(VariationalBound.reconstruction(batch.levels(), batch.epsilon0(), gamma0));
      NDArray squaredError =
          VariationalBound.squaredError(
              Denoiser.of(configuration, network, networkLeaf), x, gamma, batch.epsilon());
      NDArray nats = fixedTerms.add(squaredError.mul(weights)).sum();
      NDArray loss = Constants.times(nats, scheduleGradient.bitsPerNat() / whole.images());
      float[] fixed = fixedTerms.toFloatArray();
      float[] squared = squaredError.toType(DataType.FLOAT32, false).toFloatArray();
      long forward = System.nanoTime();
      collector.backward(loss);
      NDArray flat = networkLeaf.getGradient();
      flat.attach(step);
      float[] byGamma = learned ? gradient(manager, gamma) : new float[0];
      float[] byEnds =
          learned
              ? new float[] {gradient(manager, gamma0)[0], gradient(manager, gamma1)[0]}
              : new float[0];
      StageTimes times = StageTimes.passes(forward - start, System.nanoTime() - forward);
      return new Part(fixed, squared, byGamma, byEnds, flat, times);
    }
  }

  private float[] scheduleParameters(NDManager manager) {
    if (layout.scheduleSize() == 0) {
      return new float[0];
    }
    NDArray view = parameters.get("0:{}", layout.scheduleSize());
    view.attach(manager);
    return view.toFloatArray();
  }

  private static NDArray level(NDManager manager, double[] values, boolean leaf) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    NDArray array = manager.create(floats);
    array.setRequiresGradient(leaf);
    return array;
  }

  private static float[] gradient(NDManager manager, NDArray leaf) {
    NDArray gradient = leaf.getGradient();
    gradient.attach(manager);
    return gradient.toType(DataType.FLOAT32, false).toFloatArray();
  }

  private NDArray leaf(NDManager manager, long from, long to) {
    NDArray view = parameters.get("{}:{}", from, to);
    view.attach(manager);
    NDArray leaf = view.duplicate();
    leaf.setRequiresGradient(true);
    return leaf;
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
