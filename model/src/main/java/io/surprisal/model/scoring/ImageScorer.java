package io.surprisal.model.scoring;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.TimeDensity;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Scores images with K evaluations of the network each.
 *
 * <p>Where the release was calibrated for K, all images are evaluated at the release's noise levels
 * and the measured bias of those is subtracted; for any other K the levels are keyed by the image's
 * pixels, which has no bias. Either way the score of an image is a pure function of its pixels, the
 * release, K and the precision, whatever the batch.
 *
 * <p>Where the release has a control variate, it says how densely the times are evaluated, and is
 * subtracted from each evaluation.
 *
 * <p>Owns native memory: parameters and the network's module, on each device of the execution.
 * Threads may share a scorer; whoever made it closes it after the last of them is done.
 */
public final class ImageScorer implements AutoCloseable {
  private final ModelConfiguration configuration;
  private final int evaluations;
  private final Stages stages;
  private final int[] order;
  private final NoisePlan plan;
  private final IntFunction<Adjustment> adjustments;
  private final Optional<ControlVariate> control;
  private final DiffusionTime time;
  private final Replicas replicas;
  private final NoiseSchedule schedule;
  private final String precision;
  private final int workers;
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
   * @param weights of the squared errors in the diffusion loss, nats; over the density of the times
   * @param densities of the times
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Levels(double[] times, double[] gammas, double[] weights, double[] densities) {}

  /**
   * A scorer whose scores can be replayed: what the stream and {@code evaluate} do.
   *
   * @param evaluations K, at least 1
   */
  public ImageScorer(Release release, Execution execution, int evaluations) {
    this(release, execution, Stages.single(evaluations));
  }

  /**
   * The same with stages, after each of which an image may stop.
   *
   * @throws IllegalArgumentException if there are several stages and the release was not calibrated
   *     for each of them: their biases would not be known
   */
  public ImageScorer(Release release, Execution execution, Stages stages) {
    this(
        release.configuration(),
        release.parameters(),
        execution,
        stages,
        DiffusionTime.CONTINUOUS,
        correction(release, stages.evaluations()).isPresent()
            ? NoisePlan.fixedLevels(release.levelOffset())
            : NoisePlan.pixelLevels(),
        k ->
            correction(release, k)
                .map(c -> new Adjustment(c.bias(), c.standardError(), c.errorScale()))
                .orElse(Adjustment.NONE),
        control(release));
    for (int end : stages.ends()) {
      if (stages.ends().size() > 1 && correction(release, end).isEmpty()) {
        close();
        throw new IllegalArgumentException(
            "release "
                + release.id()
                + " is not calibrated for a stage of "
                + end
                + " evaluations; run surprisal calibrate --evaluations "
                + stages.ends().stream().map(String::valueOf).collect(Collectors.joining(",")));
      }
    }
  }

  private ImageScorer(
      ModelConfiguration configuration,
      float[] parameters,
      Execution execution,
      Stages stages,
      DiffusionTime time,
      NoisePlan plan,
      IntFunction<Adjustment> adjustments,
      Optional<ControlVariate> control) {
    this.evaluations = stages.evaluations();
    if (!time.continuous() && evaluations > time.steps()) {
      throw new IllegalArgumentException(
          evaluations + " evaluations of " + time.steps() + " timesteps; take as many or fewer");
    }
    this.configuration = configuration;
    this.stages = stages;
    this.order = stages.order();
    this.time = time;
    this.plan = plan;
    this.adjustments = adjustments;
    this.control = control;
    replicas = new Replicas(configuration, parameters, execution, control.isPresent());
    schedule = replicas.first().schedule();
    precision = execution.precision().toString();
    workers = execution.workers();
    fixedLevels = plan.fixedOffset().stream().mapToObj(this::levels).findFirst();
    networkBatch = replicas.first().largestBatch();
  }

  private Levels levels(double offset) {
    TimeDensity density = control.map(ControlVariate::density).orElse(TimeDensity.UNIFORM);
    double[] times = Arrays.stream(time.times(evaluations, offset)).map(density::time).toArray();
    return new Levels(
        times,
        schedule.gamma(times),
        Arrays.stream(times).map(t -> time.weight(schedule, t) / density.at(t)).toArray(),
        Arrays.stream(times).map(density::at).toArray());
  }

  private static Optional<ControlVariate> control(Release release) {
    return release.calibration().flatMap(Calibration::control);
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
        Stages.single(evaluations),
        DiffusionTime.CONTINUOUS,
        NoisePlan.fresh(seed),
        k ->
            correction(release, k)
                .map(c -> new Adjustment(0, 0, c.randomErrorScale()))
                .orElse(Adjustment.NONE),
        control(release));
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
        Stages.single(evaluations),
        new DiffusionTime(timesteps),
        seed.isPresent() ? NoisePlan.fresh(seed.getAsLong()) : NoisePlan.pixelLevels(),
        k -> Adjustment.NONE,
        Optional.empty());
  }

  /**
   * A scorer at the release's fixed noise levels without their correction, to measure it.
   *
   * @param control subtracted from the evaluations, in place of the release's own
   * @param seed draws the noise afresh by seed and image index, to measure what the noise alone
   *     does; empty: keyed by the pixels
   */
  public static ImageScorer atFixedLevels(
      Release release,
      Execution execution,
      Stages stages,
      Optional<ControlVariate> control,
      OptionalLong seed) {
    double offset = release.levelOffset();
    return unadjusted(
        release,
        execution,
        stages,
        seed.isPresent()
            ? NoisePlan.freshNoise(seed.getAsLong(), offset)
            : NoisePlan.fixedLevels(offset),
        control);
  }

  /** The same at levels that are keyed or drawn with the noise, which have no bias. */
  public static ImageScorer atRandomLevels(
      Release release,
      Execution execution,
      Stages stages,
      Optional<ControlVariate> control,
      OptionalLong seed) {
    return unadjusted(
        release,
        execution,
        stages,
        seed.isPresent() ? NoisePlan.fresh(seed.getAsLong()) : NoisePlan.pixelLevels(),
        control);
  }

  private static ImageScorer unadjusted(
      Release release,
      Execution execution,
      Stages stages,
      NoisePlan plan,
      Optional<ControlVariate> control) {
    return new ImageScorer(
        release.configuration(),
        release.parameters(),
        execution,
        stages,
        DiffusionTime.CONTINUOUS,
        plan,
        k -> Adjustment.NONE,
        control);
  }

  /** A scorer of parameters that are no release yet, at levels keyed by the pixels. */
  public static ImageScorer unreleased(
      ModelConfiguration configuration, float[] parameters, Execution execution, int evaluations) {
    return new ImageScorer(
        configuration,
        parameters,
        execution,
        Stages.single(evaluations),
        DiffusionTime.CONTINUOUS,
        NoisePlan.pixelLevels(),
        k -> Adjustment.NONE,
        Optional.empty());
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
    List<ImageEvaluation> all = new ArrayList<>(images.size());
    for (int i = 0; i < images.size(); i++) {
      all.add(begin(images.get(i), firstIndex + i));
    }
    for (int stage = 0; stage < stages.ends().size(); stage++) {
      advance(all);
    }
    return all.stream().map(this::likelihood).toList();
  }

  /**
   * An image before its first evaluation.
   *
   * @param index of the image in its data set; only fresh noise depends on it
   * @throws IllegalArgumentException if it is not of the model's shape
   */
  public ImageEvaluation begin(PixelImage image, long index) {
    requireShape(image);
    CounterNoise noise = plan.noise(image, index);
    return new ImageEvaluation(
        image,
        noise,
        fixedLevels.orElseGet(() -> levels(plan.offset(noise))),
        control.map(c -> LocalCovariates.traits(image, c.atoms())),
        evaluations);
  }

  /**
   * Evaluates images up to the ends of their next stages, which need not be the same; their
   * evaluations go through the network together. An image that is done stays as it is.
   */
  public void advance(List<ImageEvaluation> images) {
    for (int from = 0; from < images.size(); ) {
      int to = from;
      int total = 0;
      while (to < images.size() && (to == from || total + left(images.get(to)) <= networkBatch)) {
        total += left(images.get(to));
        to++;
      }
      List<ImageEvaluation> some = images.subList(from, to);
      replicas.onOne(replica -> advance(replica, some));
      from = to;
    }
  }

  private void advance(Replicas.Replica replica, List<ImageEvaluation> images) {
    try (NDManager manager = replica.model().newManager()) {
      new Batch(replica, manager, images).advance();
    }
  }

  /** Evaluations of an image's next stage. */
  private int left(ImageEvaluation image) {
    return stages.next(image.done()) - image.done();
  }

  /**
   * What the evaluations so far say.
   *
   * @throws IllegalStateException if there are none
   */
  public ImageLikelihood likelihood(ImageEvaluation image) {
    return likelihood(image, image.done());
  }

  /**
   * What the evaluations of the stages up to {@code evaluations} say.
   *
   * @throws IllegalStateException if they are not made
   */
  public ImageLikelihood likelihood(ImageEvaluation image, int evaluations) {
    if (evaluations < 1 || evaluations > image.done()) {
      throw new IllegalStateException(
          evaluations + " evaluations of an image that has had " + image.done());
    }
    double bitsPerNat = 1 / (configuration.dimensions() * Math.log(2));
    int[] positions = stages.ascending(evaluations);
    double[] times = new double[evaluations];
    double[] bits = new double[evaluations];
    float[] meanErrors = new float[evaluations];
    float[] gammas = new float[evaluations];
    Levels at = image.levels();
    for (int i = 0; i < evaluations; i++) {
      int evaluation = order[positions[i]];
      double squaredError = image.squaredErrors()[positions[i]];
      times[i] = at.times()[evaluation];
      bits[i] =
          at.weights()[evaluation] * squaredError * bitsPerNat - image.controls()[positions[i]];
      meanErrors[i] = (float) (squaredError / configuration.dimensions());
      gammas[i] = (float) at.gammas()[evaluation];
    }
    Adjustment adjustment = adjustments.apply(evaluations);
    double prior = image.priorNats() * bitsPerNat;
    double reconstruction = image.reconstructionNats() * bitsPerNat;
    double diffusion = Arrays.stream(bits).average().orElseThrow() - adjustment.bias();
    return new ImageLikelihood(
        prior + diffusion + reconstruction,
        adjustment.errorScale() * monteCarloError(times, bits),
        prior,
        diffusion,
        reconstruction,
        gammas,
        meanErrors,
        evaluations,
        image.codecBitsPerDim());
  }

  /**
   * The offset u in [0, 1) of an image's times t_i = (u + i/K) mod 1.
   *
   * @param index of the image in its data set; only fresh noise depends on it
   */
  public double levelOffset(PixelImage image, long index) {
    return plan.offset(plan.noise(image, index));
  }

  /**
   * The times t of an image's evaluations, in their order.
   *
   * @param index of the image in its data set; only fresh noise depends on it
   */
  public double[] times(PixelImage image, long index) {
    return fixedLevels.orElseGet(() -> levels(levelOffset(image, index))).times().clone();
  }

  /**
   * Scores a black image on each device, to see whether it works.
   *
   * @throws RuntimeException if one does not
   */
  public List<ImageLikelihood> scoreBlank() {
    PixelImage blank =
        new PixelImage(
            configuration.channels(),
            configuration.height(),
            configuration.width(),
            new byte[configuration.dimensions()]);
    List<ImageLikelihood> likelihoods = new ArrayList<>();
    replicas.onEach(
        replica -> {
          ImageEvaluation evaluation = begin(blank, 0);
          while (evaluation.done() < evaluations) {
            advance(replica, List.of(evaluation));
          }
          likelihoods.add(likelihood(evaluation));
        });
    return likelihoods;
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
    return precision;
  }

  /** How many threads should share this scorer. */
  public int workers() {
    return workers;
  }

  /** The stages of an image's evaluations. */
  public Stages stages() {
    return stages;
  }

  /** K, the evaluations of the network an image. */
  public int evaluations() {
    return evaluations;
  }

  /** Standard error of the bias correction that all scores share, bits/dim; 0 without one. */
  public double correctionError() {
    return adjustments.apply(evaluations).biasError();
  }

  @Override
  public void close() {
    replicas.close();
  }

  /** One stage of a few images; its arrays belong to the manager it is given. */
  private final class Batch {
    private final Replicas.Replica replica;
    private final NDManager manager;
    private final List<ImageEvaluation> images;
    private final int dimensions = configuration.dimensions();

    Batch(Replicas.Replica replica, NDManager manager, List<ImageEvaluation> images) {
      this.replica = replica;
      this.manager = manager;
      this.images = images;
    }

    void advance() {
      NDArray pixels = pixels();
      NDArray x = VariationalBound.scale(pixels);
      if (images.stream().anyMatch(image -> image.done() == 0)) {
        evaluateFixedTerms(pixels, x);
      }
      int[] image = // of each evaluation
          IntStream.range(0, images.size())
              .flatMap(i -> IntStream.generate(() -> i).limit(left(images.get(i))))
              .toArray();
      int[] position = // in the image's order of evaluations
          images.stream()
              .flatMapToInt(i -> IntStream.range(i.done(), stages.next(i.done())))
              .toArray();
      float[] squaredErrors = new float[image.length];
      double[] controls = new double[image.length];
      for (int from = 0; from < image.length; from += networkBatch) {
        int to = Math.min(image.length, from + networkBatch);
        try (NDManager chunk = manager.newSubManager()) {
          new Evaluations(
                  chunk,
                  x,
                  Arrays.copyOfRange(image, from, to),
                  Arrays.copyOfRange(position, from, to))
              .evaluate(squaredErrors, controls, from);
        }
      }
      for (int i = 0; i < image.length; i++) {
        images.get(image[i]).add(squaredErrors[i], controls[i]);
      }
    }

    private void evaluateFixedTerms(NDArray pixels, NDArray x) {
      NDArray gamma0 = manager.create(new float[] {(float) schedule.gammaAtZero()});
      NDArray gamma1 = manager.create(new float[] {(float) schedule.gammaAtOne()});
      float[] prior = VariationalBound.prior(x, gamma1).toFloatArray();
      float[] reconstruction =
          VariationalBound.reconstruction(pixels, epsilon0(), gamma0).toFloatArray();
      for (int i = 0; i < images.size(); i++) {
        images.get(i).setFixedTerms(prior[i], reconstruction[i]);
      }
    }

    /** Some evaluations that go through the network at once. */
    private final class Evaluations {
      private final ImageEvaluation[] of;
      private final int[] evaluation;
      private final double[] gammas;
      private final NDArray x;
      private final NDArray epsilon;
      private final NDArray gamma;

      /**
       * Draws their noise.
       *
       * @param chunk owns all arrays
       * @param images scaled
       * @param image of each evaluation
       * @param position of each in the order of its image
       */
      Evaluations(NDManager chunk, NDArray images, int[] image, int[] position) {
        int count = image.length;
        of = new ImageEvaluation[count];
        evaluation = new int[count];
        gammas = new double[count];
        float[] noise = new float[count * dimensions];
        for (int i = 0; i < count; i++) {
          of[i] = Batch.this.images.get(image[i]);
          evaluation[i] = order[position[i]];
          gammas[i] = of[i].levels().gammas()[evaluation[i]];
          of[i].noise().fillGaussian(evaluation[i], noise, i * dimensions, dimensions);
        }
        x = images.get(chunk.create(image));
        x.attach(chunk);
        epsilon = chunk.create(noise, shape(count));
        gamma = chunk.create(gammas);
      }

      /** ‖ε − ε̂‖², and the controls in bits/dim, to be written from a position on. */
      void evaluate(float[] squaredErrors, double[] controls, int at) {
        float[] errors =
            VariationalBound.squaredError(replica.model().denoiser(), x, gamma, epsilon)
                .toType(DataType.FLOAT32, false)
                .toFloatArray();
        System.arraycopy(errors, 0, squaredErrors, at, errors.length);
        if (control.isPresent()) {
          LocalCovariates.Traits[] traits =
              Arrays.stream(of)
                  .map(image -> image.traits().orElseThrow())
                  .toArray(LocalCovariates.Traits[]::new);
          double[][] local = replica.covariates().orElseThrow().of(x, epsilon, gammas, traits);
          for (int i = 0; i < errors.length; i++) {
            controls[at + i] = control(of[i].levels(), evaluation[i], local[i], traits[i].values());
          }
        }
      }

      private double control(Levels at, int evaluation, double[] local, double[] traits) {
        ControlVariate c = control.orElseThrow();
        double t = at.times()[evaluation];
        return at.weights()[evaluation] * c.ofNoise(t, local) / (dimensions * Math.log(2))
            + c.ofImage(t, traits) / at.densities()[evaluation]
            - c.meanOfImage(traits);
      }
    }

    private NDArray pixels() {
      float[] levels = new float[images.size() * dimensions];
      int at = 0;
      for (ImageEvaluation image : images) {
        for (byte pixel : image.image().pixels()) {
          levels[at++] = pixel & 0xff;
        }
      }
      return manager.create(levels, shape(images.size()));
    }

    private NDArray epsilon0() {
      float[] epsilon = new float[images.size() * dimensions];
      for (int i = 0; i < images.size(); i++) {
        images
            .get(i)
            .noise()
            .fillGaussian(NoisePlan.RECONSTRUCTION_STREAM, epsilon, i * dimensions, dimensions);
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
