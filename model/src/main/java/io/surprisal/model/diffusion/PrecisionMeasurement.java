package io.surprisal.model.diffusion;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;

/**
 * How long one image takes in either precision on this machine: whether a processor has units for
 * bfloat16 cannot be asked portably, only tried. Passes of the two alternate, and the fastest of
 * each counts: on a shared machine only that says something.
 *
 * @param float32Millis milliseconds an image in float32
 * @param bfloat16Millis milliseconds an image in bfloat16
 */
public record PrecisionMeasurement(double float32Millis, double bfloat16Millis) {
  private static final int BATCH = 8;
  private static final int FEWEST_PASSES = 3;
  private static final int MOST_PASSES = 20;

  /** Time after which no further pass is begun, once there are enough. */
  private static final long ENOUGH_NANOS = 1_000_000_000L;

  /** What bfloat16 must gain before its coarser arithmetic is worth it. */
  private static final double WORTHWHILE = 1.25;

  /** Measures an untrained network; trained weights take the same time. */
  public static PrecisionMeasurement of(ModelConfiguration configuration, Device device) {
    float[] parameters = InitialParameters.draw(configuration, 0);
    double float32 = Double.POSITIVE_INFINITY;
    double bfloat16 = Double.POSITIVE_INFINITY;
    try (DiffusionModel exact =
            new DiffusionModel(
                configuration, parameters, new Execution(device, Precision.FLOAT32));
        DiffusionModel coarse =
            new DiffusionModel(
                configuration, parameters, new Execution(device, Precision.BFLOAT16))) {
      millis(exact);
      millis(coarse);
      long start = System.nanoTime();
      for (int pass = 0; pass < MOST_PASSES; pass++) {
        float32 = Math.min(float32, millis(exact));
        bfloat16 = Math.min(bfloat16, millis(coarse));
        if (pass + 1 >= FEWEST_PASSES && System.nanoTime() - start > ENOUGH_NANOS) {
          break;
        }
      }
    }
    return new PrecisionMeasurement(float32, bfloat16);
  }

  private static double millis(DiffusionModel model) {
    ModelConfiguration c = model.configuration();
    int batch = Math.min(BATCH, model.largestBatch());
    try (NDManager manager = model.newManager()) {
      NDArray z = manager.ones(new Shape(batch, c.channels(), c.height(), c.width()));
      NDArray gamma = manager.zeros(new Shape(batch));
      long start = System.nanoTime();
      model.denoiser().predictNoise(z, gamma).toFloatArray();
      return (System.nanoTime() - start) * 1e-6 / batch;
    }
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
