package io.surprisal.model.scoring;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.PixelImage;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/**
 * Estimates of an image's diffusion loss by single evaluations of a network, at any times: what
 * studies of the estimate's variance are made of.
 *
 * @param losses of each evaluation, bits/dim
 * @param controls the control variate of each, bits/dim, with expectation 0; all 0 without one
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SingleEvaluations(double[] losses, double[] controls) {

  /**
   * Evaluates.
   *
   * @param schedule over the noise levels that the model was trained for
   * @param times t of each evaluation
   * @param stream of {@code noise} that each evaluation's noise is
   */
  static SingleEvaluations of(
      DiffusionModel model,
      NoiseSchedule schedule,
      Optional<ControlVariate> control,
      PixelImage image,
      double[] times,
      CounterNoise noise,
      LongUnaryOperator stream) {
    int dimensions = image.pixels().length;
    double bitsPerNat = 1 / (dimensions * Math.log(2));
    int batch = model.largestBatch();
    double[] losses = new double[times.length];
    double[] controls = new double[times.length];
    for (int from = 0; from < times.length; from += batch) {
      int count = Math.min(batch, times.length - from);
      float[] gammas = new float[count];
      float[] epsilon = new float[count * dimensions];
      for (int i = 0; i < count; i++) {
        gammas[i] = (float) schedule.gamma(times[from + i]);
        noise.fillGaussian(
            stream.applyAsLong((long) from + i), epsilon, i * dimensions, dimensions);
      }
      try (NDManager manager = model.newManager()) {
        Shape shape = new Shape(count, image.channels(), image.height(), image.width());
        NDArray noises = manager.create(epsilon, shape);
        NDArray x = VariationalBound.scale(levels(manager, image, count)).reshape(shape);
        float[] squaredErrors =
            VariationalBound.squaredError(model.denoiser(), x, manager.create(gammas), noises)
                .toFloatArray();
        double[] excess =
            control.isPresent()
                ? control.get().excess(x.get("0:1"), noises, gammas)
                : new double[count];
        for (int i = 0; i < count; i++) {
          double weight = DiffusionTime.CONTINUOUS.weight(schedule, times[from + i]) * bitsPerNat;
          losses[from + i] = weight * squaredErrors[i];
          controls[from + i] = weight * excess[i];
        }
      }
    }
    return new SingleEvaluations(losses, controls);
  }

  private static NDArray levels(NDManager manager, PixelImage image, int count) {
    byte[] pixels = image.pixels();
    float[] levels = new float[count * pixels.length];
    IntStream.range(0, levels.length).forEach(i -> levels[i] = pixels[i % pixels.length] & 0xff);
    return manager.create(levels);
  }
}
