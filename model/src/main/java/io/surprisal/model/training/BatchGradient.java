package io.surprisal.model.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import io.surprisal.model.diffusion.Denoiser;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
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
 * Differentiates the bound of a batch: network and end points of the schedule by its mean, the
 * interior of a monotone schedule by the variance of the diffusion estimate, all from one backward
 * pass through the network (see {@link ScheduleGradient}).
 *
 * <p>A batch is split among workers, and into as many parts as memory asks for; the gradients of
 * the parts are added in their order, so that a run can be repeated with the same number of
 * workers. Uses parameters, network and workers of its owner, who closes them.
 */
final class BatchGradient {
  /** Of all memory, what the backward passes may keep. */
  private static final double SHARE_OF_MEMORY = 0.5;

  private final ModelConfiguration configuration;
  private final FitConfiguration fit;
  private final ParameterLayout layout;
  private final LikelihoodNetwork network;
  private final NDArray parameters;
  private final Workers workers;
  private final int largestPart;

  /**
   * Of a model in training.
   *
   * @param parameters flat vector, as it is at the time of each call
   */
  BatchGradient(
      ModelConfiguration configuration,
      FitConfiguration fit,
      LikelihoodNetwork network,
      NDArray parameters,
      Workers workers,
      Device device) {
    this.configuration = configuration;
    this.fit = fit;
    this.network = network;
    this.parameters = parameters;
    this.workers = workers;
    layout = ParameterLayout.of(configuration);
    largestPart = largestPart(configuration, device, workers.count());
  }

  /** How many images a worker can take at once. */
  private static int largestPart(ModelConfiguration configuration, Device device, int workers) {
    double memory = TorchRuntime.memory(device) * SHARE_OF_MEMORY / workers;
    return (int)
        Math.max(1, Math.min(memory / TrainingCost.bytes(configuration), Integer.MAX_VALUE));
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

  /**
   * The images and the noise of a step; on the device.
   *
   * @param levels of the pixels, 0 to 255, {@code [images, channels, height, width]}
   * @param epsilon ε of the diffusion loss, of the same shape
   * @param epsilon0 ε₀ of the reconstruction, of the same shape
   */
  record Batch(NDArray levels, NDArray epsilon, NDArray epsilon0) {
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
   * @param steps taken so far, for the message
   * @throws ArithmeticException if it is not finite
   */
  Gradient of(NDManager manager, Batch batch, double[] times, long steps) {
    NoiseSchedule schedule = NoiseSchedule.of(configuration, scheduleParameters(manager));
    ScheduleGradient scheduleGradient =
        new ScheduleGradient(schedule, fit, times, 1 / (configuration.dimensions() * Math.log(2)));
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
}
