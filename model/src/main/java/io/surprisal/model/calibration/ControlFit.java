package io.surprisal.model.calibration;

import ai.djl.ndarray.NDManager;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.NoiseTimes;
import io.surprisal.model.diffusion.TimeDensity;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.LocalCovariates;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.variance.SingleEvaluations;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Fits a release's {@link ControlVariate} by least squares. Each image is evaluated at stratified
 * times, twice at each with independent noise: the difference of the two losses is noise alone, and
 * gives the coefficients of the covariates; what is left of the losses gives the expected curve of
 * an image; and the differences that are left, how densely the times are worth evaluating: in
 * proportion to their standard deviation (Neyman's allocation).
 */
public final class ControlFit {
  /** How many images are taken where there are as many. */
  static final int MOST_IMAGES = 256;

  /** From fewer images nothing is fitted. */
  static final int FEWEST_IMAGES = 64;

  /** Where none is left over, one image of so many is taken. */
  private static final int ONE_OF = 10;

  /** Of so many held-out images there are enough to fit to. */
  public static final int ENOUGH_IMAGES = ONE_OF * FEWEST_IMAGES;

  private static final int TIMES = 16;
  private static final int NOISE_KNOTS = 9;
  private static final int CURVE_KNOTS = 17;
  private static final int DENSITY_BINS = 16;

  /** No time is evaluated less densely than this share of the mean. */
  private static final double LEAST_DENSITY = 0.3;

  /** Of the mean square of a column: keeps coefficients that nothing depends on near 0. */
  private static final double RIDGE = 1e-4;

  /** Share of all pixels that makes a level an atom. */
  private static final double ATOM_SHARE = 0.05;

  private static final long SEED = 0x636f6e74726f6cL;
  private static final int IMAGES_A_CALL = 4;

  private ControlFit() {}

  /**
   * Which images of a data set to fit to: some from all over it, since its order may mean
   * something; none where there are too few.
   *
   * @param limit how many others are wanted at most
   * @param size of the data set
   * @return ascending indices
   */
  public static int[] images(int limit, int size) {
    int images = Math.min(MOST_IMAGES, Math.max(size - limit, size / ONE_OF));
    return images < FEWEST_IMAGES
        ? new int[0]
        : IntStream.range(0, images).map(i -> (int) ((long) i * size / images)).toArray();
  }

  /**
   * The evaluations of one image.
   *
   * @param times t of each pair
   * @param losses {@code [2][pairs]}, bits/dim
   * @param covariates φ times the weight of the squared error, {@code [2][pairs][COVARIATES]},
   *     bits/dim
   * @param traits ψ
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Sample(
      double[] times, double[][] losses, double[][][] covariates, double[] traits) {}

  /**
   * Fits.
   *
   * @param data images of the model's shape that did not train the release; to none, nothing is
   *     fitted
   * @param execution device and precision that the release will be served with
   * @param stop asked between batches; once true nothing is fitted
   */
  public static Optional<ControlVariate> fit(
      Release release, ImageDataset data, Execution execution, BooleanSupplier stop) {
    List<PixelImage> images = IntStream.range(0, data.size()).mapToObj(data::image).toList();
    if (images.isEmpty()) {
      return Optional.empty();
    }
    List<Integer> atoms = atoms(images);
    List<Sample> samples = new ArrayList<>();
    try (DiffusionModel model =
            new DiffusionModel(release.configuration(), release.parameters(), execution);
        NDManager manager = model.newManager();
        Workers workers = new Workers("control", execution.workers())) {
      LocalCovariates covariates =
          new LocalCovariates(
              manager, release.configuration().height(), release.configuration().width());
      while (samples.size() < images.size()) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        int first = samples.size();
        samples.addAll(
            workers.map(
                Math.min(workers.count() * IMAGES_A_CALL, images.size() - first),
                i ->
                    sample(
                        model,
                        covariates,
                        images.get(first + i),
                        NoisePlan.fresh(SEED).noise(images.get(first + i), first + i),
                        atoms)));
      }
    }
    return Optional.of(fit(samples, atoms));
  }

  /** Levels that a large share of all pixels has. */
  private static List<Integer> atoms(List<PixelImage> images) {
    long[] counts = new long[256];
    long all = 0;
    for (PixelImage image : images) {
      for (byte pixel : image.pixels()) {
        counts[pixel & 0xff]++;
        all++;
      }
    }
    double least = ATOM_SHARE * all;
    return IntStream.range(0, counts.length).filter(k -> counts[k] >= least).boxed().toList();
  }

  private static Sample sample(
      DiffusionModel model,
      LocalCovariates covariates,
      PixelImage image,
      CounterNoise noise,
      List<Integer> atoms) {
    double[] times = NoiseTimes.stratified(TIMES, noise.uniform(2L * TIMES));
    LocalCovariates.Traits traits = LocalCovariates.traits(image, atoms);
    SingleEvaluations all =
        SingleEvaluations.of(
            model,
            model.schedule(),
            Optional.of(
                new SingleEvaluations.Controls(Optional.empty(), Optional.of(covariates), traits)),
            image,
            IntStream.range(0, 2 * TIMES).mapToDouble(i -> times[i % TIMES]).toArray(),
            noise,
            i -> i);
    return new Sample(
        times,
        new double[][] {
          Arrays.copyOfRange(all.losses(), 0, TIMES),
          Arrays.copyOfRange(all.losses(), TIMES, 2 * TIMES)
        },
        new double[][][] {
          Arrays.copyOfRange(all.covariates(), 0, TIMES),
          Arrays.copyOfRange(all.covariates(), TIMES, 2 * TIMES)
        },
        traits.values());
  }

  private static ControlVariate fit(List<Sample> samples, List<Integer> atoms) {
    LeastSquares noise = new LeastSquares(NOISE_KNOTS, LocalCovariates.COVARIATES);
    for (Sample sample : samples) {
      for (int i = 0; i < TIMES; i++) {
        double[] difference = new double[LocalCovariates.COVARIATES];
        for (int j = 0; j < difference.length; j++) {
          difference[j] = sample.covariates()[0][i][j] - sample.covariates()[1][i][j];
        }
        noise.add(sample.times()[i], difference, sample.losses()[0][i] - sample.losses()[1][i]);
      }
    }
    List<List<Double>> noiseCoefficients = noise.solve(RIDGE);
    List<List<Double>> noCurve =
        Arrays.asList(zeros(LocalCovariates.TRAITS), zeros(LocalCovariates.TRAITS));
    ControlVariate withoutCurve =
        new ControlVariate(TimeDensity.UNIFORM, atoms, noiseCoefficients, noCurve);
    LeastSquares curve = new LeastSquares(CURVE_KNOTS, LocalCovariates.TRAITS);
    double[] squares = new double[DENSITY_BINS];
    int[] counts = new int[DENSITY_BINS];
    for (Sample sample : samples) {
      for (int i = 0; i < TIMES; i++) {
        double t = sample.times()[i];
        double[] left = new double[2];
        for (int again = 0; again < 2; again++) {
          left[again] =
              sample.losses()[again][i] - withoutCurve.ofNoise(t, sample.covariates()[again][i]);
          curve.add(t, sample.traits(), left[again]);
        }
        int bin = (int) (t * DENSITY_BINS);
        squares[bin] += (left[0] - left[1]) * (left[0] - left[1]) / 2;
        counts[bin]++;
      }
    }
    return new ControlVariate(
        density(squares, counts), atoms, noiseCoefficients, curve.solve(RIDGE));
  }

  private static List<Double> zeros(int count) {
    return IntStream.range(0, count).mapToObj(i -> 0.0).toList();
  }

  /** In proportion to the standard deviation in equal bins, smoothed over neighbouring ones. */
  private static TimeDensity density(double[] squares, int[] counts) {
    int n = squares.length;
    double[] deviations = new double[n];
    for (int i = 0; i < n; i++) {
      deviations[i] = Math.sqrt(squares[i] / counts[i]);
    }
    double least = LEAST_DENSITY * Arrays.stream(deviations).average().orElseThrow();
    if (!(least > 0)) {
      return TimeDensity.UNIFORM; // nothing varies
    }
    List<Double> knots = new ArrayList<>();
    for (int k = 0; k <= n; k++) { // a knot lies between two bins
      double before = deviations[Math.max(0, k - 1)];
      double after = deviations[Math.min(n - 1, k)];
      knots.add(Math.max(least, (before + after) / 2));
    }
    return new TimeDensity(knots);
  }
}
