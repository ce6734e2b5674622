package io.surprisal.model.diffusion;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.network.Execution;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.Precision;

/**
 * How long one image takes in either precision on this machine: whether a processor has units for
 * bfloat16 cannot be asked portably, only tried. Fastest of a few forward passes, since on a shared
 * machine only the fastest says something.
 *
 * @param float32Millis milliseconds an image in float32
 * @param bfloat16Millis milliseconds an image in bfloat16
 */
public record PrecisionMeasurement(double float32Millis, double bfloat16Millis) {
  private static final int BATCH = 8;
  private static final int PASSES = 4;

  /** What bfloat16 must gain before its coarser arithmetic is worth it. */
  private static final double WORTHWHILE = 1.15;

  /** Measures an untrained network; trained weights take the same time. */
  public static PrecisionMeasurement of(ModelConfiguration configuration, Device device) {
    return new PrecisionMeasurement(
        millis(configuration, new Execution(device, Precision.FLOAT32)),
        millis(configuration, new Execution(device, Precision.BFLOAT16)));
  }

  private static double millis(ModelConfiguration configuration, Execution execution) {
    float[] parameters = InitialParameters.draw(configuration, 0);
    double fastest = Double.POSITIVE_INFINITY;
    try (DiffusionModel model = new DiffusionModel(configuration, parameters, execution)) {
      for (int pass = 0; pass < PASSES; pass++) {
        try (NDManager manager = model.newManager()) {
          Shape shape =
              new Shape(
                  BATCH, configuration.channels(), configuration.height(), configuration.width());
          NDArray z = manager.ones(shape);
          NDArray gamma = manager.zeros(new Shape(BATCH));
          long start = System.nanoTime();
          model.denoiser().predictNoise(z, gamma).toFloatArray();
          fastest = Math.min(fastest, (System.nanoTime() - start) * 1e-6 / BATCH);
        }
      }
    }
    return fastest;
  }

  /** How many times as fast bfloat16 is. */
  public double speedUp() {
    return float32Millis / bfloat16Millis;
  }

  /** The precision to take on this machine. */
  public Precision choice() {
    return speedUp() >= WORTHWHILE ? Precision.BFLOAT16 : Precision.FLOAT32;
  }
}
