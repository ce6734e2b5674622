package io.surprisal.model.compression;

import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;

/**
 * A release ready to code at one shape of the network's input.
 *
 * <p>Owns native memory; {@link #close()} frees it. Threads may share an instance.
 */
final class CodingModel implements AutoCloseable {
  /** Bins a deviation. More cost initial bits, and bring nothing that can be measured. */
  static final double RESOLUTION = 1;

  private final DiffusionModel model;
  private final ImageShape shape;
  private final DiscreteChain chain;
  private final NetworkPredictor predictor;
  private final Machine machine;

  /**
   * Copies the release to a device.
   *
   * @param where device and workers; the precision is the arithmetic's
   */
  CodingModel(Release release, Execution where, Arithmetic arithmetic, int timesteps, int batch) {
    shape = release.configuration().shape();
    model =
        new DiffusionModel(
            release.configuration(),
            release.parameters(),
            new Execution(where.device(), arithmetic.precision()));
    chain = new DiscreteChain(model.schedule(), timesteps, RESOLUTION);
    predictor = new NetworkPredictor(model, arithmetic, batch);
    machine = Machine.here(where.device().getDeviceType());
  }

  ImageShape shape() {
    return shape;
  }

  Machine machine() {
    return machine;
  }

  BitsBackCoder coder() {
    return new BitsBackCoder(chain, predictor, shape.dimensions());
  }

  String selfCheck() {
    return SelfCheck.digest(chain, predictor, shape.dimensions());
  }

  @Override
  public void close() {
    model.close();
  }
}
