package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Draws images by ancestral sampling (arXiv 2107.00630, appendix A.4): from z_1 ~ N(0, I) down T
 * equal steps of time to z_0, with
 *
 * <p>z_s = (α_s/α_t)(z_t − σ_t c ε̂) + sqrt(σ_s² c) ε, c = −expm1(γ_s − γ_t),
 *
 * <p>then to the most likely level of each pixel under p(x|z_0). The noise of a step is a pure
 * function of seed, sample and step, and the network always sees the same samples together, so that
 * it also rounds alike: on one device a sample is the same image however many are drawn beside it.
 *
 * <p>Uses a model that its maker closes after the sampler's last use. Arrays live for one step, a
 * batch's z for the batch. Threads may share a sampler.
 */
public final class AncestralSampler {
  private static final int LEVELS = 256;

  /** Samples that go through the network together, if memory allows. */
  private static final int BATCH = 16;

  private final DiffusionModel model;
  private final int timesteps;
  private final CounterNoise noise;
  private final boolean clip;
  private final int batch;

  /**
   * One image and how it came about.
   *
   * @param image the drawn image
   * @param path what the model took the image for, x̂ = (z_t − σ_t ε̂)/α_t, at steps equally far
   *     apart from t = 1 on, as nearest levels
   */
  public record Sample(PixelImage image, List<PixelImage> path) {}

  /**
   * A sampler of a model.
   *
   * @param timesteps T, at least 1
   * @param seed of the noise
   * @param clip whether x̂ is held within [−1, 1], where images lie, at every step
   */
  public AncestralSampler(DiffusionModel model, int timesteps, long seed, boolean clip) {
    if (timesteps < 1) {
      throw new IllegalArgumentException("timesteps is " + timesteps + ", must be at least 1");
    }
    this.model = model;
    this.timesteps = timesteps;
    this.clip = clip;
    batch = Math.min(BATCH, model.largestBatch());
    noise = new CounterNoise(seed);
  }

  /**
   * Draws the first samples of the seed, a batch at a time.
   *
   * @param count how many
   * @param pathLength images of each sample's path, at most T; 0 for none
   * @param progress takes how many of the count · T steps are done
   * @param stop asked before every step; true ends the sampling with the batches that are done
   * @return the samples in their order, fewer than {@code count} only after a stop
   */
  public List<Sample> sample(
      int count, int pathLength, LongConsumer progress, BooleanSupplier stop) {
    if (pathLength < 0 || pathLength > timesteps) {
      throw new IllegalArgumentException(
          "pathLength is " + pathLength + ", must be 0 to timesteps = " + timesteps);
    }
    List<Sample> samples = new ArrayList<>();
    while (samples.size() < count) {
      int first = samples.size();
      int wanted = Math.min(batch, count - first);
      Optional<List<Sample>> drawn =
          draw(
              first,
              pathLength,
              steps -> progress.accept((long) first * timesteps + steps * wanted),
              stop);
      if (drawn.isEmpty()) {
        break;
      }
      samples.addAll(drawn.get().subList(0, wanted));
    }
    return samples;
  }

  /** One batch; empty if it was stopped. */
  private Optional<List<Sample>> draw(
      int first, int pathLength, LongConsumer progress, BooleanSupplier stop) {
    NoiseSchedule schedule = model.schedule();
    List<List<PixelImage>> path = new ArrayList<>();
    try (NDManager manager = model.newManager()) {
      NDArray z = gaussian(manager, first, 0);
      for (int taken = 0; taken < timesteps; taken++) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        double t = (timesteps - taken) / (double) timesteps;
        double s = (timesteps - taken - 1) / (double) timesteps;
        try (NDManager scope = manager.newSubManager()) {
          z.attach(scope);
          NDArray predicted = predictNoise(schedule, model.denoiser(), z, t);
          if (isRecorded(taken, pathLength)) {
            path.add(images(nearestLevels(image(z, predicted, schedule.gamma(t)))));
          }
          NDArray noise = gaussian(scope, first, taken + 1);
          z = step(schedule, predicted, z, t, s, noise, clip);
          z.attach(manager);
        }
        progress.accept(taken + 1);
      }
      List<PixelImage> images = images(levels(z, schedule.gammaAtZero()));
      return Optional.of(
          IntStream.range(0, batch)
              .mapToObj(i -> new Sample(images.get(i), path.stream().map(x -> x.get(i)).toList()))
              .toList());
    }
  }

  /** Whether the path has an image after so many steps: n of them, equally far apart from 0 on. */
  private boolean isRecorded(int taken, long n) {
    return n > 0 && (taken == 0 || taken * n / timesteps != (taken - 1) * n / timesteps);
  }

  /** Noise for each sample of a batch: {@code draw} 0 makes z_1, draw i the i-th step. */
  private NDArray gaussian(NDManager manager, int first, int draw) {
    ModelConfiguration c = model.configuration();
    float[] values = new float[batch * c.dimensions()];
    for (int i = 0; i < batch; i++) {
      // A trainer's streams count up from 0; its model shall not meet their noise again.
      long stream = ~((long) (first + i) << Integer.SIZE | draw);
      noise.fillGaussian(stream, values, i * c.dimensions(), c.dimensions());
    }
    return manager.create(values, new Shape(batch, c.channels(), c.height(), c.width()));
  }

  private List<PixelImage> images(NDArray levels) {
    ModelConfiguration c = model.configuration();
    float[] values = levels.toFloatArray();
    List<PixelImage> images = new ArrayList<>();
    for (int from = 0; from < values.length; from += c.dimensions()) {
      byte[] pixels = new byte[c.dimensions()];
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = (byte) values[from + i];
      }
      images.add(new PixelImage(c.channels(), c.height(), c.width(), pixels));
    }
    return images;
  }

  /**
   * One step from z_t to z_s.
   *
   * @param z z_t {@code [batch, channels, height, width]}
   * @param t where z is, in (0, 1]
   * @param s where to go, in [0, t)
   * @param noise ε ~ N(0, I) of the shape of z
   * @param clip whether x̂ is clipped to [−1, 1]
   * @return z_s, owned by the manager of z
   */
  public static NDArray step(
      NoiseSchedule schedule,
      Denoiser denoiser,
      NDArray z,
      double t,
      double s,
      NDArray noise,
      boolean clip) {
    return step(schedule, predictNoise(schedule, denoiser, z, t), z, t, s, noise, clip);
  }

  private static NDArray step(
      NoiseSchedule schedule,
      NDArray predicted,
      NDArray z,
      double t,
      double s,
      NDArray noise,
      boolean clip) {
    double gammaT = schedule.gamma(t);
    double gammaS = schedule.gamma(s);
    double c = -Math.expm1(gammaS - gammaT);
    NDArray mean;
    if (clip) {
      NDArray image = image(z, predicted, gammaT).clip(-1, 1);
      mean = z.mul(alpha(gammaS) / alpha(gammaT) * (1 - c)).add(image.mul(alpha(gammaS) * c));
    } else {
      mean = z.sub(predicted.mul(sigma(gammaT) * c)).mul(alpha(gammaS) / alpha(gammaT));
    }
    return mean.add(noise.mul(sigma(gammaS) * Math.sqrt(c)));
  }

  /**
   * The most likely level of each pixel under p(x|z_0): the nearest to z_0/α_0.
   *
   * @param z0 z_0, any shape
   * @param gammaAtZero γ(0)
   * @return whole numbers 0 to 255 as floats, of the shape and manager of z0
   */
  public static NDArray levels(NDArray z0, double gammaAtZero) {
    return nearestLevels(z0.div(alpha(gammaAtZero)));
  }

  /** Inverse of {@link VariationalBound#scale}. */
  private static NDArray nearestLevels(NDArray x) {
    double half = LEVELS / 2.0;
    return x.add(1).mul(half).floor().clip(0, LEVELS - 1);
  }

  private static NDArray predictNoise(
      NoiseSchedule schedule, Denoiser denoiser, NDArray z, double t) {
    float[] gamma = new float[(int) z.getShape().get(0)];
    Arrays.fill(gamma, (float) schedule.gamma(t));
    return denoiser.predictNoise(z, z.getManager().create(gamma));
  }

  /** x̂ = (z − σ ε̂)/α. */
  private static NDArray image(NDArray z, NDArray predicted, double gamma) {
    return z.sub(predicted.mul(sigma(gamma))).div(alpha(gamma));
  }

  private static double alpha(double gamma) {
    return Math.exp(-0.5 * NoiseSchedule.softplus(gamma));
  }

  private static double sigma(double gamma) {
    return Math.exp(-0.5 * NoiseSchedule.softplus(-gamma));
  }
}
