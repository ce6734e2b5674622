package io.surprisal.model.scoring;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Scores images with K evaluations of the network each.
 *
 * <p>Where the release was calibrated for K, all images are evaluated at the release's noise levels
 * and the measured bias of those is subtracted; for any other K the levels are keyed by the image's
 * pixels, which has no bias. Either way the score of an image is a pure function of its pixels, the
 * release, K and the precision, whatever the batch.
 *
 * <p>Owns native memory: parameters and the network's module. Threads may share a scorer; whoever
 * made it closes it after the last of them is done.
 */
public final class ImageScorer implements AutoCloseable {
  /** The arithmetic of the network's forward pass. */
  public static final String FLOAT32 = "float32";

  /** About how many activations one hidden layer of a batch may hold, 16 MiB of float32. */
  private static final long ACTIVATIONS = 1L << 22;

  private static final int LARGEST_BATCH = 64;

  private final ModelConfiguration configuration;
  private final int evaluations;
  private final NoisePlan plan;
  private final Adjustment adjustment;
  private final LikelihoodNetwork network;
  private final NDArray scheduleParameters;
  private final NDArray networkParameters;
  private final int networkBatch;

  /**
   * What turns the raw mean of an image's evaluations into its score.
   *
   * @param bias subtracted from every score, bits/dim
   * @param biasError standard error of {@code bias}, which all scores share
   * @param errorScale factor on the upper estimate of an image's Monte-Carlo error
   */
  private record Adjustment(double bias, double biasError, double errorScale) {
    static final Adjustment NONE = new Adjustment(0, 0, 1);
  }

  /**
   * A scorer whose scores can be replayed: what the stream and {@code evaluate} do.
   *
   * @param evaluations K, at least 1
   */
  public ImageScorer(Release release, Device device, int evaluations) {
    this(
        release.configuration(),
        release.parameters(),
        device,
        evaluations,
        correction(release, evaluations).isPresent()
            ? NoisePlan.fixedLevels(release.levelOffset())
            : NoisePlan.pixelLevels(),
        correction(release, evaluations)
            .map(c -> new Adjustment(c.bias(), c.standardError(), c.errorScale()))
            .orElse(Adjustment.NONE));
  }

  private ImageScorer(
      ModelConfiguration configuration,
      float[] parameters,
      Device device,
      int evaluations,
      NoisePlan plan,
      Adjustment adjustment) {
    if (evaluations < 1) {
      throw new IllegalArgumentException("evaluations is " + evaluations + ", must be at least 1");
    }
    this.configuration = configuration;
    this.evaluations = evaluations;
    this.plan = plan;
    this.adjustment = adjustment;
    network = new LikelihoodNetwork(configuration, device, false);
    int split = ParameterLayout.of(configuration).scheduleSize();
    NDManager manager = network.manager();
    scheduleParameters = manager.create(Arrays.copyOfRange(parameters, 0, split));
    networkParameters = manager.create(Arrays.copyOfRange(parameters, split, parameters.length));
    long activations =
        (long) configuration.embedding() * configuration.height() * configuration.width();
    networkBatch = (int) Math.max(1, Math.min(LARGEST_BATCH, ACTIVATIONS / activations));
  }

  private static Optional<Calibration.Correction> correction(Release release, int evaluations) {
    return release.calibration().stream()
        .flatMap(calibration -> calibration.corrections().stream())
        .filter(c -> c.evaluations() == evaluations)
        .findFirst();
  }

  /** A scorer that draws noise and times afresh by seed and image index; unbiased at any K. */
  public static ImageScorer fresh(Release release, Device device, int evaluations, long seed) {
    return new ImageScorer(
        release.configuration(),
        release.parameters(),
        device,
        evaluations,
        NoisePlan.fresh(seed),
        correction(release, evaluations)
            .map(c -> new Adjustment(0, 0, c.randomErrorScale()))
            .orElse(Adjustment.NONE));
  }

  /** A scorer at the release's fixed noise levels without their correction, to measure it. */
  public static ImageScorer uncorrected(Release release, Device device, int evaluations) {
    return unadjusted(release, device, evaluations, NoisePlan.fixedLevels(release.levelOffset()));
  }

  /** The same with noise drawn afresh, to measure what the noise alone does. */
  public static ImageScorer uncorrected(
      Release release, Device device, int evaluations, long seed) {
    return unadjusted(
        release, device, evaluations, NoisePlan.freshNoise(seed, release.levelOffset()));
  }

  private static ImageScorer unadjusted(
      Release release, Device device, int evaluations, NoisePlan plan) {
    return new ImageScorer(
        release.configuration(), release.parameters(), device, evaluations, plan, Adjustment.NONE);
  }

  /** A scorer of parameters that are no release yet, at levels keyed by the pixels. */
  public static ImageScorer unreleased(
      ModelConfiguration configuration, float[] parameters, Device device, int evaluations) {
    return new ImageScorer(
        configuration, parameters, device, evaluations, NoisePlan.pixelLevels(), Adjustment.NONE);
  }

  /** Scores one image of the model's shape. */
  public ImageLikelihood score(PixelImage image) {
    return score(List.of(image)).get(0);
  }

  /** Scores images of the model's shape; results in their order. */
  public List<ImageLikelihood> score(List<PixelImage> images) {
    return score(images, 0);
  }

  /**
   * Scores images of the model's shape.
   *
   * @param firstIndex index of the first image in its data set; only fresh noise depends on it
   * @throws IllegalArgumentException if an image is not of the model's shape
   */
  public List<ImageLikelihood> score(List<PixelImage> images, long firstIndex) {
    images.forEach(this::requireShape);
    List<ImageLikelihood> likelihoods = new ArrayList<>(images.size());
    int imagesAtOnce = Math.max(1, networkBatch / evaluations);
    for (int from = 0; from < images.size(); from += imagesAtOnce) {
      List<PixelImage> part = images.subList(from, Math.min(images.size(), from + imagesAtOnce));
      try (NDManager manager = network.manager().newSubManager()) {
        likelihoods.addAll(new Batch(manager, part, firstIndex + from).score());
      }
    }
    return likelihoods;
  }

  /**
   * The offset u in [0, 1) of an image's times t_i = (u + i/K) mod 1.
   *
   * @param index of the image in its data set; only fresh noise depends on it
   */
  public double levelOffset(PixelImage image, long index) {
    return plan.offset(plan.noise(image, index));
  }

  private void requireShape(PixelImage image) {
    if (image.channels() != configuration.channels()
        || image.height() != configuration.height()
        || image.width() != configuration.width()) {
      throw new IllegalArgumentException(
          "an image of "
              + image.channels()
              + "×"
              + image.height()
              + "×"
              + image.width()
              + " does not fit the model's "
              + configuration.channels()
              + "×"
              + configuration.height()
              + "×"
              + configuration.width()
              + " (channels×height×width)");
    }
  }

  /** Arithmetic of the network, as recorded in every score. */
  public String precision() {
    return FLOAT32;
  }

  /** K, the evaluations of the network an image. */
  public int evaluations() {
    return evaluations;
  }

  /** Standard error of the bias correction that all scores share, bits/dim; 0 without one. */
  public double correctionError() {
    return adjustment.biasError();
  }

  @Override
  public void close() {
    network.close();
  }

  /** One pass of a few images; its arrays belong to the manager it is given. */
  private final class Batch {
    private final NDManager manager;
    private final List<PixelImage> images;
    private final CounterNoise[] noises;
    private final int dimensions = configuration.dimensions();
    private final double bitsPerNat = 1 / (dimensions * Math.log(2));
    private final VariationalBound bound;

    Batch(NDManager manager, List<PixelImage> images, long firstIndex) {
      this.manager = manager;
      this.images = images;
      noises =
          IntStream.range(0, images.size())
              .mapToObj(i -> plan.noise(images.get(i), firstIndex + i))
              .toArray(CounterNoise[]::new);
      bound =
          new VariationalBound(
              new NoiseSchedule(configuration, scheduleParameters, manager),
              (z, gamma) -> network.predict(z, gamma, networkParameters));
    }

    List<ImageLikelihood> score() {
      NDArray levels = levels();
      NDArray x = VariationalBound.scale(levels);
      float[] prior = bound.prior(x).toFloatArray();
      float[] reconstruction = bound.reconstruction(levels, epsilon0()).toFloatArray();
      int total = images.size() * evaluations;
      float[] loss = new float[total];
      float[] squaredError = new float[total];
      float[] gamma = new float[total];
      for (int from = 0; from < total; from += networkBatch) {
        int count = Math.min(networkBatch, total - from);
        try (NDManager chunk = manager.newSubManager()) {
          evaluate(chunk, x, from, count, loss, squaredError, gamma);
        }
      }
      return IntStream.range(0, images.size())
          .mapToObj(i -> likelihood(i, prior[i], reconstruction[i], loss, squaredError, gamma))
          .toList();
    }

    /** Evaluations {@code from} to {@code from + count}, numbered image by image. */
    private void evaluate(
        NDManager chunk,
        NDArray x,
        int from,
        int count,
        float[] loss,
        float[] squaredError,
        float[] gamma) {
      float[] times = new float[count];
      float[] epsilon = new float[count * dimensions];
      int[] image = new int[count];
      for (int i = 0; i < count; i++) {
        image[i] = (from + i) / evaluations;
        int evaluation = (from + i) % evaluations;
        CounterNoise noise = noises[image[i]];
        times[i] = (float) plan.times(noise, evaluations)[evaluation];
        noise.fillGaussian(evaluation, epsilon, i * dimensions, dimensions);
      }
      NDArray repeated = x.get(chunk.create(image));
      repeated.attach(chunk);
      VariationalBound.Diffusion diffusion =
          bound.diffusion(repeated, chunk.create(times), chunk.create(epsilon, shape(count)));
      System.arraycopy(diffusion.loss().toFloatArray(), 0, loss, from, count);
      System.arraycopy(diffusion.squaredError().toFloatArray(), 0, squaredError, from, count);
      System.arraycopy(diffusion.gamma().toFloatArray(), 0, gamma, from, count);
    }

    private ImageLikelihood likelihood(
        int image,
        double priorNats,
        double reconstructionNats,
        float[] loss,
        float[] squaredError,
        float[] gamma) {
      int from = image * evaluations;
      double[] bits =
          IntStream.range(from, from + evaluations)
              .mapToDouble(i -> loss[i] * bitsPerNat)
              .toArray();
      double prior = priorNats * bitsPerNat;
      double reconstruction = reconstructionNats * bitsPerNat;
      double diffusion = Arrays.stream(bits).average().orElseThrow() - adjustment.bias();
      float[] meanErrors = Arrays.copyOfRange(squaredError, from, from + evaluations);
      for (int i = 0; i < evaluations; i++) {
        meanErrors[i] /= dimensions;
      }
      return new ImageLikelihood(
          prior + diffusion + reconstruction,
          adjustment.errorScale() * monteCarloError(plan.times(noises[image], evaluations), bits),
          prior,
          diffusion,
          reconstruction,
          Arrays.copyOfRange(gamma, from, from + evaluations),
          meanErrors,
          evaluations);
    }

    private NDArray levels() {
      float[] levels = new float[images.size() * dimensions];
      int at = 0;
      for (PixelImage image : images) {
        for (byte pixel : image.pixels()) {
          levels[at++] = pixel & 0xff;
        }
      }
      return manager.create(levels, shape(images.size()));
    }

    private NDArray epsilon0() {
      float[] epsilon = new float[images.size() * dimensions];
      for (int i = 0; i < images.size(); i++) {
        noises[i].fillGaussian(
            NoisePlan.RECONSTRUCTION_STREAM, epsilon, i * dimensions, dimensions);
      }
      return manager.create(epsilon, shape(images.size()));
    }

    private Shape shape(int count) {
      return new Shape(
          count, configuration.channels(), configuration.height(), configuration.width());
    }
  }

  /**
   * Monte-Carlo error of the mean of evaluations at equally spaced times. The levels are a
   * systematic sample of a smooth curve, so the spread around the curve is taken from second
   * differences (Wolter 2007, "Introduction to Variance Estimation", section 8.2): the curve's own
   * slope is not mistaken for noise. Its curvature is, so this is an upper estimate; the
   * calibration measures by how much.
   *
   * @return bits/dim; NaN for fewer than three values
   */
  static double monteCarloError(double[] times, double[] values) {
    int n = values.length;
    if (n < 3) {
      return Double.NaN;
    }
    double[] ordered =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> times[i]))
            .mapToDouble(i -> values[i])
            .toArray();
    double sum = 0;
    for (int i = 1; i < n - 1; i++) {
      double difference = ordered[i - 1] - 2 * ordered[i] + ordered[i + 1];
      sum += difference * difference;
    }
    return Math.sqrt(sum / (6.0 * (n - 2)) / n);
  }
}
