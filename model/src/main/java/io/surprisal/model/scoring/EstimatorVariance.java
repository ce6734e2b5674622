package io.surprisal.model.scoring;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;

/**
 * How much a single evaluation's estimate of an image's diffusion loss varies under a noise
 * schedule: at one independent uniform t with fresh noise, as in training. The mean of the estimate
 * depends on the schedule through its end points only, its variance on the shape between them
 * (arXiv 2107.00630, section 5.3).
 *
 * @param images measured
 * @param evaluations of each image
 * @param diffusion mean estimate, bits/dim
 * @param variance mean over the images of the variance within one, (bits/dim)²
 * @param standardError of {@code variance} as an estimate for the images' source
 */
public record EstimatorVariance(
    int images, int evaluations, double diffusion, double variance, double standardError) {
  /** Is told how many images are done. */
  @FunctionalInterface
  public interface Listener {
    void measured(int images);
  }

  /**
   * Measures a model's estimate as it would be under another schedule.
   *
   * @param schedule over the noise levels that the model was trained for
   * @param data the first {@code images} of it are measured
   * @param evaluations of each image, at least 2
   * @param seed of times and noise, keyed by the image's index too
   */
  public static EstimatorVariance measure(
      DiffusionModel model,
      NoiseSchedule schedule,
      ImageDataset data,
      int images,
      int evaluations,
      long seed,
      Listener listener) {
    NoisePlan plan = NoisePlan.fresh(seed);
    double[] means = new double[images];
    double[] variances = new double[images];
    for (int i = 0; i < images; i++) {
      double[] losses =
          losses(model, schedule, data.image(i), evaluations, plan.noise(data.image(i), i));
      double mean = Arrays.stream(losses).average().orElseThrow();
      means[i] = mean;
      variances[i] =
          Arrays.stream(losses).map(loss -> (loss - mean) * (loss - mean)).sum()
              / (evaluations - 1);
      listener.measured(i + 1);
    }
    double variance = Arrays.stream(variances).average().orElseThrow();
    double spread =
        Arrays.stream(variances).map(v -> (v - variance) * (v - variance)).sum() / (images - 1);
    return new EstimatorVariance(
        images,
        evaluations,
        Arrays.stream(means).average().orElseThrow(),
        variance,
        Math.sqrt(spread / images));
  }

  /** Single-evaluation estimates of one image, bits/dim. */
  private static double[] losses(
      DiffusionModel model,
      NoiseSchedule schedule,
      PixelImage image,
      int evaluations,
      CounterNoise noise) {
    int dimensions = image.pixels().length;
    int batch = model.largestBatch();
    double[] losses = new double[evaluations];
    for (int from = 0; from < evaluations; from += batch) {
      int count = Math.min(batch, evaluations - from);
      double[] times = new double[count];
      float[] gammas = new float[count];
      float[] epsilon = new float[count * dimensions];
      float[] levels = new float[count * dimensions];
      for (int i = 0; i < count; i++) {
        long stream = 2L * (from + i);
        times[i] = noise.uniform(stream);
        gammas[i] = (float) schedule.gamma(times[i]);
        noise.fillGaussian(stream + 1, epsilon, i * dimensions, dimensions);
        for (int p = 0; p < dimensions; p++) {
          levels[i * dimensions + p] = image.pixels()[p] & 0xff;
        }
      }
      try (NDManager manager = model.newManager()) {
        Shape shape = new Shape(count, image.channels(), image.height(), image.width());
        NDArray x = VariationalBound.scale(manager.create(levels, shape));
        float[] squaredErrors =
            VariationalBound.squaredError(
                    model.denoiser(), x, manager.create(gammas), manager.create(epsilon, shape))
                .toFloatArray();
        for (int i = 0; i < count; i++) {
          losses[from + i] =
              DiffusionTime.CONTINUOUS.weight(schedule, times[i])
                  * squaredErrors[i]
                  / (dimensions * Math.log(2));
        }
      }
    }
    return losses;
  }
}
