package io.surprisal.model.compression;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.network.ModelConfiguration;
import java.util.Arrays;

/**
 * A release's network at one shape of its input. Kernels are chosen by shape, and different kernels
 * round differently: so a batch is always full, with images of zeros where there are none.
 *
 * <p>Threads may share an instance. The model is its maker's.
 */
final class NetworkPredictor implements NoisePredictor {
  private final DiffusionModel model;
  private final Arithmetic arithmetic;
  private final int batch;

  NetworkPredictor(DiffusionModel model, Arithmetic arithmetic, int batch) {
    this.model = model;
    this.arithmetic = arithmetic;
    this.batch = batch;
  }

  @Override
  public int batch() {
    return batch;
  }

  @Override
  public double[] predict(double[] z, double gamma) {
    ModelConfiguration c = model.configuration();
    double[] gammas = new double[batch];
    Arrays.fill(gammas, gamma);
    try (NDManager manager = model.newManager()) {
      NDArray input = manager.create(z, new Shape(batch, c.channels(), c.height(), c.width()));
      double[] noise =
          model
              .denoiser()
              .predictNoise(input, manager.create(gammas))
              .toType(DataType.FLOAT64, false)
              .toDoubleArray();
      arithmetic.round(noise);
      return noise;
    }
  }
}
