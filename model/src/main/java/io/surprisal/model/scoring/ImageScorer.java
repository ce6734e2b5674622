package io.surprisal.model.scoring;

import ai.djl.ndarray.NDManager;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Scores images with K evaluations of the network each, as a {@link BoundEstimator} says. Unless
 * noise is drawn afresh, the score of an image is a pure function of its pixels, the weights, the
 * estimator and the precision, whatever the batch.
 *
 * <p>Owns native memory: parameters and the network's module, on each device of the execution.
 * Threads may share a scorer; whoever made it closes it after the last of them is done.
 */
public final class ImageScorer implements PictureScorer, AutoCloseable {
  private final ModelConfiguration configuration;
  private final BoundEstimator estimator;
  private final Stages stages;
  private final NextEvaluations next;
  private final EvaluationMean mean;
  private final Replicas replicas;
  private final NoiseSchedule schedule;
  private final String precision;
  private final int workers;
  private final int networkBatch;

  /** The levels of every image, where all images have the same. */
  private final Optional<Levels> fixedLevels;

  /**
   * A scorer as the stream has it: {@link BoundEstimator#served} in a single stage.
   *
   * @param evaluations K, at least 1
   */
  public ImageScorer(Release release, Execution execution, int evaluations) {
    this(release, execution, BoundEstimator.served(release, Stages.single(evaluations)));
  }

  /** A scorer of a release's weights. */
  public ImageScorer(Release release, Execution execution, BoundEstimator estimator) {
    this(release.configuration(), release.parameters(), execution, estimator);
  }

  /**
   * A scorer of weights that need not be a release yet.
   *
   * @param parameters flat vector in the layout of the parameters; copied to each device
   */
  public ImageScorer(
      ModelConfiguration configuration,
      float[] parameters,
      Execution execution,
      BoundEstimator estimator) {
    this.configuration = configuration;
    this.estimator = estimator;
    stages = estimator.stages();
    next = new NextEvaluations(estimator);
    mean = new EvaluationMean(estimator, next.order(), configuration.dimensions());
    replicas = new Replicas(configuration, parameters, execution, estimator.control().isPresent());
    schedule = replicas.first().schedule();
    precision = execution.precision().toString();
    workers = execution.workers();
    fixedLevels = estimator.noise().fixedOffset().stream().mapToObj(this::levels).findFirst();
    networkBatch = replicas.first().largestBatch();
  }

  private Levels levels(double offset) {
    return estimator.levels(schedule, offset);
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
  @Override
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
    CounterNoise noise = estimator.noise().noise(image, index);
    return new ImageEvaluation(
        image,
        noise,
        fixedLevels.orElseGet(() -> levels(estimator.noise().offset(noise))),
        estimator.control().map(c -> LocalCovariates.traits(image, c.atoms())),
        estimator.gaussian(),
        stages.evaluations());
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
      new EvaluationBatch(replica, manager, estimator, next, images).advance();
    }
  }

  /** Evaluations of the network for an image's next stage. */
  private int left(ImageEvaluation image) {
    return next.positions(image).length;
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
    return mean.of(image, evaluations);
  }

  /**
   * The offset u in [0, 1) of an image's times t_i = (u + i/K) mod 1.
   *
   * @param index of the image in its data set; only fresh noise depends on it
   */
  public double levelOffset(PixelImage image, long index) {
    return estimator.noise().offset(estimator.noise().noise(image, index));
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
    PixelImage blank = new PixelImage(configuration.shape(), new byte[configuration.dimensions()]);
    List<ImageLikelihood> likelihoods = new ArrayList<>();
    replicas.onEach(
        replica -> {
          ImageEvaluation evaluation = begin(blank, 0);
          while (evaluation.done() < evaluations()) {
            advance(replica, List.of(evaluation));
          }
          likelihoods.add(likelihood(evaluation));
        });
    return likelihoods;
  }

  private void requireShape(PixelImage image) {
    if (!image.shape().equals(configuration.shape())) {
      throw new IllegalArgumentException(
          "an image of "
              + image.shape()
              + " does not fit the model's "
              + configuration.shape()
              + " (channels×height×width)");
    }
  }

  /** Arithmetic of the network, as recorded in every score. */
  @Override
  public String precision() {
    return precision;
  }

  /** How many threads should share this scorer. */
  @Override
  public int workers() {
    return workers;
  }

  /** Which tiles of a picture are looked at again; empty where all get all evaluations at once. */
  public Optional<SecondLook> secondLook() {
    return estimator
        .looks()
        .map(normal -> new SecondLook(normal, configuration.height(), configuration.width()));
  }

  /** The stages of an image's evaluations. */
  public Stages stages() {
    return stages;
  }

  /** K, the evaluations of the network an image. */
  @Override
  public int evaluations() {
    return stages.evaluations();
  }

  /** Standard error of the bias correction that all scores share, bits/dim; 0 without one. */
  @Override
  public double correctionError() {
    return correctionError(evaluations());
  }

  /** Of scores after the stages up to {@code evaluations}. */
  double correctionError(int evaluations) {
    return estimator.adjustment(evaluations).biasError();
  }

  @Override
  public int dimensions() {
    return configuration.dimensions();
  }

  @Override
  public void close() {
    replicas.close();
  }
}
