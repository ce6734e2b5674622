package io.surprisal.model.variance;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.LocalCovariates;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/**
 * Estimates of an image's diffusion loss by single evaluations of a network, at any times, and what
 * may be subtracted from them: what studies and fits of the estimate's variance are made of.
 *
 * @param losses of each evaluation, bits/dim
 * @param gaussians the Gaussian's control variate of each, bits/dim; all 0 without one
 * @param covariates φ of each times the weight of its squared error, {@code [evaluations][φ]},
 *     bits/dim; none without
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SingleEvaluations(double[] losses, double[] gaussians, double[][] covariates) {

  /**
   * What is computed of the noise beside the losses.
   *
   * @param gaussian of other images
   * @param local covariates, of the image with these traits
   */
  public record Controls(
      Optional<GaussianControl> gaussian,
      Optional<LocalCovariates> local,
      LocalCovariates.Traits traits) {}

  /**
   * Evaluates.
   *
   * @param schedule over the noise levels that the model was trained for
   * @param times t of each evaluation
   * @param stream of {@code noise} that each evaluation's noise is
   */
  public static SingleEvaluations of(
      DiffusionModel model,
      NoiseSchedule schedule,
      Optional<Controls> controls,
      PixelImage image,
      double[] times,
      CounterNoise noise,
      LongUnaryOperator stream) {
    int dimensions = image.pixels().length;
    int batch = model.largestBatch();
    SingleEvaluations result =
        new SingleEvaluations(
            new double[times.length], new double[times.length], new double[times.length][0]);
    for (int from = 0; from < times.length; from += batch) {
      int count = Math.min(batch, times.length - from);
      double[] gammas = schedule.gamma(Arrays.copyOfRange(times, from, from + count));
      float[] epsilon = new float[count * dimensions];
      for (int i = 0; i < count; i++) {
        noise.fillGaussian(
            stream.applyAsLong((long) from + i), epsilon, i * dimensions, dimensions);
      }
      try (NDManager manager = model.newManager()) {
        NDArray noises = manager.create(epsilon, shape(image, count));
        NDArray x = manager.create(image.scaled(), shape(image, 1)).repeat(0, count);
        float[] squaredErrors =
            VariationalBound.squaredError(model.denoiser(), x, manager.create(gammas), noises)
                .toType(DataType.FLOAT32, false)
                .toFloatArray();
        double[] excess =
            controls
                .flatMap(Controls::gaussian)
                .map(gaussian -> gaussian.excess(x.get("0:1"), noises, gammas))
                .orElse(new double[count]);
        double[][] local =
            controls
                .flatMap(
                    c ->
                        c.local()
                            .map(covariates -> covariates.of(x, noises, gammas, same(c, count))))
                .orElse(new double[count][0]);
        for (int i = 0; i < count; i++) {
          double weight =
              DiffusionTime.CONTINUOUS.weight(schedule, times[from + i])
                  / (dimensions * Math.log(2));
          result.losses[from + i] = weight * squaredErrors[i];
          result.gaussians[from + i] = weight * excess[i];
          result.covariates[from + i] =
              Arrays.stream(local[i]).map(value -> weight * value).toArray();
        }
      }
    }
    return result;
  }

  private static Shape shape(PixelImage image, int count) {
    return new Shape(count, image.channels(), image.height(), image.width());
  }

  private static LocalCovariates.Traits[] same(Controls controls, int count) {
    LocalCovariates.Traits[] traits = new LocalCovariates.Traits[count];
    Arrays.fill(traits, controls.traits());
    return traits;
  }
}
