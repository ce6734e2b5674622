package io.surprisal.model.scoring;

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
import io.surprisal.model.network.Execution;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
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
  private final ModelConfiguration configuration;
  private final int evaluations;
  private final NoisePlan plan;
  private final Adjustment adjustment;
  private final DiffusionTime time;
  private final DiffusionModel model;
  private final int networkBatch;

  /** The levels of every image, where all images have the same. */
  private final Optional<Levels> fixedLevels;

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
   * Where an image is evaluated.
   *
   * @param times t of each evaluation, in order
   * @param gammas γ(t)
   * @param weights of the squared errors in the diffusion loss, nats
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Levels(double[] times, double[] gammas, double[] weights) {}

  /**
   * A scorer whose scores can be replayed: what the stream and {@code evaluate} do.
   *
   * @param evaluations K, at least 1
   */
  public ImageScorer(Release release, Execution execution, int evaluations) {
    this(
        release.configuration(),
        release.parameters(),
        execution,
        evaluations,
        DiffusionTime.CONTINUOUS,
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
      Execution execution,
      int evaluations,
      DiffusionTime time,
      NoisePlan plan,
      Adjustment adjustment) {
    if (evaluations < 1) {
      throw new IllegalArgumentException("evaluations is " + evaluations + ", must be at least 1");
    }
    if (!time.continuous() && evaluations > time.steps()) {
      throw new IllegalArgumentException(
          evaluations + " evaluations of " + time.steps() + " timesteps; take as many or fewer");
    }
    this.configuration = configuration;
    this.evaluations = evaluations;
    this.time = time;
    this.plan = plan;
    this.adjustment = adjustment;
    model = new DiffusionModel(configuration, parameters, execution);
    fixedLevels = plan.fixedOffset().stream().mapToObj(this::levels).findFirst();
    networkBatch = model.largestBatch();
  }

  private Levels levels(double offset) {
    double[] times = time.times(evaluations, offset);
    NoiseSchedule schedule = model.schedule();
    return new Levels(
        times,
        schedule.gamma(times),
        Arrays.stream(times).map(t -> time.weight(schedule, t)).toArray());
  }

  private static Optional<Calibration.Correction> correction(Release release, int evaluations) {
    return release.calibration().stream()
        .flatMap(calibration -> calibration.corrections().stream())
        .filter(c -> c.evaluations() == evaluations)
        .findFirst();
  }

  /** A scorer that draws noise and times afresh by seed and image index; unbiased at any K. */
  public static ImageScorer fresh(
      Release release, Execution execution, int evaluations, long seed) {
    return new ImageScorer(
        release.configuration(),
        release.parameters(),
        execution,
        evaluations,
        DiffusionTime.CONTINUOUS,
        NoisePlan.fresh(seed),
        correction(release, evaluations)
            .map(c -> new Adjustment(0, 0, c.randomErrorScale()))
            .orElse(Adjustment.NONE));
  }

  /**
   * A scorer of the bound with T discrete steps, of which it evaluates K: a stratified sample, or
   * with K = T the full sum.
   *
   * @param seed draws noise and steps afresh by seed and image index; empty: keyed by the pixels
   * @throws IllegalArgumentException if K exceeds T
   */
  public static ImageScorer discrete(
      Release release, Execution execution, int evaluations, int timesteps, OptionalLong seed) {
    return new ImageScorer(
        release.configuration(),
        release.parameters(),
        execution,
        evaluations,
        new DiffusionTime(timesteps),
        seed.isPresent() ? NoisePlan.fresh(seed.getAsLong()) : NoisePlan.pixelLevels(),
        Adjustment.NONE);
  }

  /** A scorer at the release's fixed noise levels without their correction, to measure it. */
  public static ImageScorer uncorrected(Release release, Execution execution, int evaluations) {
    return unadjusted(
        release, execution, evaluations, NoisePlan.fixedLevels(release.levelOffset()));
  }

  /** The same with noise drawn afresh, to measure what the noise alone does. */
  public static ImageScorer uncorrected(
      Release release, Execution execution, int evaluations, long seed) {
    return unadjusted(
        release, execution, evaluations, NoisePlan.freshNoise(seed, release.levelOffset()));
  }

  private static ImageScorer unadjusted(
      Release release, Execution execution, int evaluations, NoisePlan plan) {
    return new ImageScorer(
        release.configuration(),
        release.parameters(),
        execution,
        evaluations,
        DiffusionTime.CONTINUOUS,
        plan,
        Adjustment.NONE);
  }

  /** A scorer of parameters that are no release yet, at levels keyed by the pixels. */
  public static ImageScorer unreleased(
      ModelConfiguration configuration, float[] parameters, Execution execution, int evaluations) {
    return new ImageScorer(
        configuration,
        parameters,
        execution,
        evaluations,
        DiffusionTime.CONTINUOUS,
        NoisePlan.pixelLevels(),
        Adjustment.NONE);
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
      try (NDManager manager = model.newManager()) {
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
    return model.execution().precision().toString();
  }

  /** How many threads should share this scorer. */
  public int workers() {
    return model.execution().workers();
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
    model.close();
  }

  /** One pass of a few images; its arrays belong to the manager it is given. */
  private final class Batch {
    private final NDManager manager;
    private final List<PixelImage> images;
    private final CounterNoise[] noises;
    private final int dimensions = configuration.dimensions();
    private final double bitsPerNat = 1 / (dimensions * Math.log(2));
    private final List<Levels> levels;

    Batch(NDManager manager, List<PixelImage> images, long firstIndex) {
      this.manager = manager;
      this.images = images;
      noises =
          IntStream.range(0, images.size())
              .mapToObj(i -> plan.noise(images.get(i), firstIndex + i))
              .toArray(CounterNoise[]::new);
      levels =
          Arrays.stream(noises)
              .map(noise -> fixedLevels.orElseGet(() -> levels(plan.offset(noise))))
              .toList();
    }

    List<ImageLikelihood> score() {
      NDArray pixels = pixels();
      NDArray x = VariationalBound.scale(pixels);
      NoiseSchedule schedule = model.schedule();
      NDArray gamma0 = manager.create(new float[] {(float) schedule.gammaAtZero()});
      NDArray gamma1 = manager.create(new float[] {(float) schedule.gammaAtOne()});
      float[] prior = VariationalBound.prior(x, gamma1).toFloatArray();
      float[] reconstruction =
          VariationalBound.reconstruction(pixels, epsilon0(), gamma0).toFloatArray();
      int total = images.size() * evaluations;
      float[] squaredError = new float[total];
      for (int from = 0; from < total; from += networkBatch) {
        int count = Math.min(networkBatch, total - from);
        try (NDManager chunk = manager.newSubManager()) {
          System.arraycopy(evaluate(chunk, x, from, count), 0, squaredError, from, count);
        }
      }
      return IntStream.range(0, images.size())
          .mapToObj(i -> likelihood(i, prior[i], reconstruction[i], squaredError))
          .toList();
    }

    /** ‖ε − ε̂‖² of evaluations {@code from} on, numbered image by image. */
    private float[] evaluate(NDManager chunk, NDArray x, int from, int count) {
      double[] gamma = new double[count];
      float[] epsilon = new float[count * dimensions];
      int[] image = new int[count];
      for (int i = 0; i < count; i++) {
        image[i] = (from + i) / evaluations;
        int evaluation = (from + i) % evaluations;
        gamma[i] = levels.get(image[i]).gammas()[evaluation];
        noises[image[i]].fillGaussian(evaluation, epsilon, i * dimensions, dimensions);
      }
      NDArray repeated = x.get(chunk.create(image));
      repeated.attach(chunk);
      return VariationalBound.squaredError(
              model.denoiser(), repeated, chunk.create(gamma), chunk.create(epsilon, shape(count)))
          .toType(DataType.FLOAT32, false)
          .toFloatArray();
    }

    private ImageLikelihood likelihood(
        int image, double priorNats, double reconstructionNats, float[] squaredError) {
      int from = image * evaluations;
      Levels at = levels.get(image);
      double[] bits = new double[evaluations];
      float[] meanErrors = new float[evaluations];
      float[] gammas = new float[evaluations];
      for (int i = 0; i < evaluations; i++) {
        bits[i] = at.weights()[i] * squaredError[from + i] * bitsPerNat;
        meanErrors[i] = squaredError[from + i] / dimensions;
        gammas[i] = (float) at.gammas()[i];
      }
      double prior = priorNats * bitsPerNat;
      double reconstruction = reconstructionNats * bitsPerNat;
      double diffusion = Arrays.stream(bits).average().orElseThrow() - adjustment.bias();
      return new ImageLikelihood(
          prior + diffusion + reconstruction,
          adjustment.errorScale() * monteCarloError(at.times(), bits),
          prior,
          diffusion,
          reconstruction,
          gammas,
          meanErrors,
          evaluations);
    }

    private NDArray pixels() {
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
