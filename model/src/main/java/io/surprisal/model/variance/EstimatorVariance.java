package io.surprisal.model.variance;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.NoisePlan;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

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
    double[] times =
        IntStream.range(0, evaluations).mapToDouble(i -> noise.uniform(2L * i)).toArray();
    return SingleEvaluations.of(
            model, schedule, Optional.empty(), image, times, noise, i -> 2 * i + 1)
        .losses();
  }
}
