package io.surprisal.model.scoring;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.LocalControl;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The next stage of a few images on one device: the terms of the bound that no network enters, for
 * images that have none yet, and the network's squared errors. For one thread.
 */
final class EvaluationBatch {
  private static final float[] UNSHOWN = new float[0];

  private final Replicas.Replica replica;
  private final NDManager manager;
  private final ModelConfiguration configuration;
  private final int dimensions;
  private final NextEvaluations next;
  private final int[] order;
  private final Optional<ControlVariate> control;
  private final Optional<LocalControl> local;
  private final List<ImageEvaluation> images;

  /**
   * A batch.
   *
   * @param manager owns all arrays
   * @param next of each image
   */
  EvaluationBatch(
      Replicas.Replica replica,
      NDManager manager,
      BoundEstimator estimator,
      NextEvaluations next,
      List<ImageEvaluation> images) {
    this.replica = replica;
    this.manager = manager;
    this.images = images;
    this.next = next;
    order = next.order();
    control = estimator.control();
    local = estimator.local();
    configuration = replica.model().configuration();
    dimensions = configuration.dimensions();
  }

  /** Takes every image to the end of its next stage. */
  void advance() {
    NDArray pixels = pixels();
    NDArray x = VariationalBound.scale(pixels);
    if (images.stream().anyMatch(image -> image.done() == 0)) {
      evaluateFixedTerms(pixels, x);
    }
    int[][] positions = // of each image, in its order of evaluations
        images.stream().map(next::positions).toArray(int[][]::new);
    int[] image = // of each evaluation
        IntStream.range(0, images.size())
            .flatMap(i -> IntStream.generate(() -> i).limit(positions[i].length))
            .toArray();
    int[] position = Arrays.stream(positions).flatMapToInt(Arrays::stream).toArray();
    float[] squaredErrors = new float[image.length];
    double[] controls = new double[image.length];
    LocalSums sums = new LocalSums(local.isPresent() ? image.length : 0);
    int networkBatch = replica.model().largestBatch();
    for (int from = 0; from < image.length; from += networkBatch) {
      int to = Math.min(image.length, from + networkBatch);
      try (NDManager chunk = manager.newSubManager()) {
        new Evaluations(
                chunk,
                x,
                Arrays.copyOfRange(image, from, to),
                Arrays.copyOfRange(position, from, to))
            .evaluate(squaredErrors, controls, sums, from);
      }
    }
    int[] ends = images.stream().mapToInt(next::end).toArray();
    for (int i = 0; i < image.length; i++) {
      ImageEvaluation of = images.get(image[i]);
      if (local.isPresent()) {
        of.addEvidence(sums.bits[i], order[position[i]], sums.slopes[i]);
      }
      skipTo(of, position[i]);
      of.add(squaredErrors[i], controls[i]);
    }
    for (int i = 0; i < ends.length; i++) {
      skipTo(images.get(i), ends[i]);
    }
  }

  private static void skipTo(ImageEvaluation image, int position) {
    while (image.done() < position) {
      image.skip();
    }
  }

  /** What evaluations say of each pixel; the images get it once all of them have gone well. */
  private static final class LocalSums {
    private final float[][] bits;
    private final double[] slopes;

    LocalSums(int evaluations) {
      bits = new float[evaluations][];
      slopes = new double[evaluations];
    }
  }

  private void evaluateFixedTerms(NDArray pixels, NDArray x) {
    NoiseSchedule schedule = replica.model().schedule();
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
     * @param scaled images
     * @param image of each evaluation
     * @param position of each in the order of its image
     */
    Evaluations(NDManager chunk, NDArray scaled, int[] image, int[] position) {
      int count = image.length;
      of = new ImageEvaluation[count];
      evaluation = new int[count];
      gammas = new double[count];
      float[] noise = new float[count * dimensions];
      for (int i = 0; i < count; i++) {
        of[i] = images.get(image[i]);
        evaluation[i] = order[position[i]];
        gammas[i] = of[i].levels().gammas()[evaluation[i]];
        of[i].noise().fillGaussian(evaluation[i], noise, i * dimensions, dimensions);
      }
      x = scaled.get(chunk.create(image));
      x.attach(chunk);
      epsilon = chunk.create(noise, shape(count));
      gamma = chunk.create(gammas);
    }

    /** ‖ε − ε̂‖², and the controls in bits/dim, to be written from a position on. */
    void evaluate(float[] squaredErrors, double[] controls, LocalSums sums, int at) {
      NDArray squares =
          VariationalBound.squaredErrors(replica.model().denoiser(), x, gamma, epsilon)
              .toType(DataType.FLOAT32, false);
      float[] errors = squares.sum(new int[] {1, 2, 3}).toFloatArray();
      System.arraycopy(errors, 0, squaredErrors, at, errors.length);
      local.ifPresent(localControl -> localEvidence(squares, localControl, sums, at));
      if (control.isPresent()) {
        LocalCovariates.Traits[] traits =
            Arrays.stream(of)
                .map(image -> image.traits().orElseThrow())
                .toArray(LocalCovariates.Traits[]::new);
        double[][] local = replica.covariates().orElseThrow().of(x, epsilon, gammas, traits);
        for (int i = 0; i < errors.length; i++) {
          controls[at + i] =
              subtracted(
                  control.get(), of[i].levels(), evaluation[i], local[i], traits[i].values());
        }
      }
    }

    /** What each pixel says: w/ln 2 · Σ over channels of (e² − β(ε² − 1)). */
    private void localEvidence(NDArray squares, LocalControl localControl, LocalSums sums, int at) {
      int count = of.length;
      float[] betas = new float[count];
      float[] weights = new float[count];
      for (int i = 0; i < count; i++) {
        Levels levels = of[i].levels();
        betas[i] = (float) localControl.beta(levels.times()[evaluation[i]]);
        weights[i] = (float) (levels.weights()[evaluation[i]] / Math.log(2));
      }
      NDManager manager = squares.getManager();
      Shape each = new Shape(count, 1, 1, 1);
      NDArray surplus = epsilon.square().sub(1);
      float[] products = squares.mul(surplus).sum(new int[] {1, 2, 3}).toFloatArray();
      float[] bits =
          squares
              .sub(surplus.mul(manager.create(betas, each)))
              .mul(manager.create(weights, each))
              .sum(new int[] {1})
              .toFloatArray();
      int pixels = configuration.height() * configuration.width();
      for (int i = 0; i < count; i++) {
        sums.bits[at + i] =
            localControl.shown(of[i].levels().gammas())[evaluation[i]]
                ? Arrays.copyOfRange(bits, i * pixels, (i + 1) * pixels)
                : UNSHOWN;
        sums.slopes[at + i] = products[i] / (2.0 * dimensions); // Var(ε²) is 2
      }
    }

    /** What a control variate takes from one evaluation, bits/dim. */
    private double subtracted(
        ControlVariate variate, Levels at, int evaluation, double[] local, double[] traits) {
      double t = at.times()[evaluation];
      return at.weights()[evaluation] * variate.ofNoise(t, local) / (dimensions * Math.log(2))
          + variate.ofImage(t, traits) / at.densities()[evaluation]
          - variate.meanOfImage(traits);
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
