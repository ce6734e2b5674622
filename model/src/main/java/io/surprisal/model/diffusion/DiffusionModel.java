package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import java.util.Arrays;

/**
 * A Variational Diffusion Model ready for inference on a device: its denoiser and its noise
 * schedule.
 *
 * <p>Owns native memory, the parameters and the network's module; {@link #close()} frees it.
 * Threads may share an instance.
 */
public final class DiffusionModel implements AutoCloseable {
  /** About how many activations one hidden layer of a batch may hold, 16 MiB of float32. */
  private static final long ACTIVATIONS = 1L << 22;

  private static final int LARGEST_BATCH = 64;

  private final ModelConfiguration configuration;
  private final Execution execution;
  private final LikelihoodNetwork network;
  private final NoiseSchedule schedule;
  private final Denoiser denoiser;

  /**
   * Copies parameters to the device.
   *
   * @param parameters flat vector of {@link ParameterLayout}
   */
  public DiffusionModel(ModelConfiguration configuration, float[] parameters, Execution execution) {
    this.configuration = configuration;
    this.execution = execution;
    schedule = NoiseSchedule.of(configuration, parameters);
    network =
        new LikelihoodNetwork(configuration, execution.device(), false, execution.precision());
    int split = ParameterLayout.of(configuration).scheduleSize();
    NDArray networkParameters =
        network.manager().create(Arrays.copyOfRange(parameters, split, parameters.length));
    if (execution.precision() == Precision.FLOAT64) {
      NDArray single = networkParameters;
      networkParameters = single.toType(DataType.FLOAT64, true);
      single.close();
    }
    denoiser = Denoiser.of(configuration, network, networkParameters);
  }

  /** A manager for the arrays of one request; the caller closes it. */
  public NDManager newManager() {
    return network.manager().newSubManager();
  }

  public ModelConfiguration configuration() {
    return configuration;
  }

  public Execution execution() {
    return execution;
  }

  public NoiseSchedule schedule() {
    return schedule;
  }

  public Denoiser denoiser() {
    return denoiser;
  }

  /** How many images go through the network at once, so that memory is bounded. */
  public int largestBatch() {
    long activations =
        (long) configuration.embedding() * configuration.height() * configuration.width();
    return (int) Math.max(1, Math.min(LARGEST_BATCH, ACTIVATIONS / activations));
  }

  @Override
  public void close() {
    network.close();
  }
}
