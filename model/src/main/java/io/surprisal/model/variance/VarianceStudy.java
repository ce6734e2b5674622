package io.surprisal.model.variance;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.diffusion.NoiseTimes;
import io.surprisal.model.diffusion.TimeDensity;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.LocalCovariates;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * How much one image's estimated diffusion loss varies from seed to seed, by number of evaluations,
 * by how their times are drawn, and by which control variates are subtracted. Coefficients of the
 * Gaussian and the polynomials are fitted on one half of the images and used on the other; those of
 * a release's control variate come with it.
 */
public final class VarianceStudy {
  /** Numbers of covariates: the Gaussian's excess error, and two polynomials of the times. */
  private static final int COVARIATES = 3;

  /** How the times of an image's evaluations are drawn. */
  public enum Times {
    /** Each uniform on [0, 1). */
    INDEPENDENT,
    /** t_i = (u + i/K) mod 1 with one uniform u. */
    COMMON_OFFSET,
    /** One uniform u, in the share of the density of times that a control variate has before t. */
    COMMON_OFFSET_DENSE,
    /** In that density with the release's own u for every seed: biased, see its calibration. */
    FIXED_DENSE;

    private boolean dense() {
      return this == COMMON_OFFSET_DENSE || this == FIXED_DENSE;
    }

    private double[] draw(Stages stages, double fixedOffset, CounterNoise noise, long stream) {
      int k = stages.evaluations();
      if (this == INDEPENDENT) {
        return IntStream.range(0, k).mapToDouble(i -> noise.uniform(stream + 1 + i)).toArray();
      }
      double[] times =
          NoiseTimes.stratified(k, this == FIXED_DENSE ? fixedOffset : noise.uniform(stream));
      return Arrays.stream(stages.order()).mapToDouble(i -> times[i]).toArray();
    }
  }

  /**
   * One line of the study; variances are means over the images of the variance within one, in
   * (bits/dim)².
   *
   * @param times how they were drawn
   * @param evaluations K
   * @param variance of the plain estimate
   * @param withGaussian with the Gaussian's excess error subtracted
   * @param withPolynomials with polynomials of the times subtracted too
   * @param withNoise with the part of the release's control variate that is noise subtracted
   * @param withControl with all of it
   * @param bias mean over images and seeds less that of the independent times at the largest K,
   *     bits/dim
   * @param biasWithControl the same with the control variate subtracted
   */
  public record Row(
      Times times,
      int evaluations,
      double variance,
      double withGaussian,
      double withPolynomials,
      double withNoise,
      double withControl,
      double bias,
      double biasWithControl) {}

  /**
   * Estimates of one image.
   *
   * @param losses {@code [seed]} means of the loss
   * @param covariates {@code [seed][covariate]} with coefficients to be fitted
   * @param noise {@code [seed]} the noise's part of the control variate
   * @param curve {@code [seed]} the rest of it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Estimates(double[] losses, double[][] covariates, double[] noise, double[] curve) {
    /** With the control variate subtracted. */
    Estimates controlled(boolean withCurve) {
      double[] left = losses.clone();
      for (int s = 0; s < left.length; s++) {
        left[s] -= noise[s] + (withCurve ? curve[s] : 0);
      }
      return new Estimates(left, covariates, noise, curve);
    }
  }

  private final DiffusionModel model;
  private final double levelOffset;
  private final GaussianControl gaussian;
  private final ControlVariate control;
  private final LocalCovariates local;
  private final int seeds;
  private final long seed;

  /**
   * Prepares.
   *
   * @param levelOffset the release's u
   * @param gaussian of other images
   * @param control of the release, or fitted to other images
   * @param seeds estimates of each image, at least 2
   * @param seed of times and noise
   */
  public VarianceStudy(
      DiffusionModel model,
      double levelOffset,
      GaussianModel gaussian,
      ControlVariate control,
      int seeds,
      long seed) {
    this.model = model;
    this.levelOffset = levelOffset;
    this.gaussian = new GaussianControl(model.newManager(), gaussian);
    this.control = control;
    local =
        new LocalCovariates(
            model.newManager(), model.configuration().height(), model.configuration().width());
    this.seeds = seeds;
    this.seed = seed;
  }

  /**
   * Measures.
   *
   * @param images the first ones of the data set, at least 4
   * @param stages the K: the evaluations of a smaller one are some of those of the larger
   * @param progress is told after every image of every way to draw the times
   */
  public List<Row> measure(
      ImageDataset data, int images, Stages stages, Workers workers, Runnable progress) {
    List<Row> rows = new ArrayList<>();
    List<PixelImage> all = IntStream.range(0, images).mapToObj(data::image).toList();
    double reference = Double.NaN;
    for (Times times : Times.values()) {
      List<List<Estimates>> estimates =
          workers.map(
              images,
              i -> {
                List<Estimates> result = estimates(all.get(i), i, times, stages);
                progress.run();
                return result;
              });
      if (times == Times.INDEPENDENT) {
        reference = mean(of(estimates, stages.ends().size() - 1), false);
      }
      for (int stage = 0; stage < stages.ends().size(); stage++) {
        rows.add(row(times, stages.ends().get(stage), of(estimates, stage), reference));
      }
    }
    return rows;
  }

  private static List<Estimates> of(List<List<Estimates>> images, int stage) {
    return images.stream().map(image -> image.get(stage)).toList();
  }

  private static double mean(List<Estimates> estimates, boolean controlled) {
    return estimates.stream()
        .map(e -> controlled ? e.controlled(true) : e)
        .flatMapToDouble(e -> Arrays.stream(e.losses()))
        .average()
        .orElseThrow();
  }

  /** Estimates of an image after each stage. */
  private List<Estimates> estimates(PixelImage image, int index, Times times, Stages stages) {
    CounterNoise noise = NoisePlan.fresh(seed).noise(image, index);
    LocalCovariates.Traits traits = LocalCovariates.traits(image, control.atoms());
    int k = stages.evaluations();
    double[] positions = new double[seeds * k];
    for (int s = 0; s < seeds; s++) {
      double[] drawn = times.draw(stages, levelOffset, noise, stream(times, s));
      System.arraycopy(drawn, 0, positions, s * k, k);
    }
    TimeDensity density = times.dense() ? control.density() : TimeDensity.UNIFORM;
    SingleEvaluations single =
        SingleEvaluations.of(
            model,
            model.schedule(),
            Optional.of(
                new SingleEvaluations.Controls(Optional.of(gaussian), Optional.of(local), traits)),
            image,
            Arrays.stream(positions).map(density::time).toArray(),
            noise,
            i -> stream(times, seeds) + i);
    return stages.ends().stream()
        .map(end -> estimates(single, density, traits, positions, k, end))
        .toList();
  }

  /** Of the first {@code evaluations} of every k. */
  private Estimates estimates(
      SingleEvaluations single,
      TimeDensity density,
      LocalCovariates.Traits traits,
      double[] positions,
      int k,
      int evaluations) {
    double mean = control.meanOfImage(traits.values());
    double[] losses = new double[seeds];
    double[][] covariates = new double[seeds][COVARIATES];
    double[] noise = new double[seeds];
    double[] curve = new double[seeds];
    for (int s = 0; s < seeds; s++) {
      for (int i = s * k; i < s * k + evaluations; i++) {
        double t = density.time(positions[i]);
        double share = 1 / (density.at(t) * evaluations);
        double centred = positions[i] - 0.5;
        losses[s] += share * single.losses()[i];
        noise[s] += share * control.ofNoise(t, single.covariates()[i]);
        curve[s] += share * control.ofImage(t, traits.values()) - mean / evaluations;
        covariates[s][0] += share * single.gaussians()[i];
        covariates[s][1] += centred / evaluations;
        covariates[s][2] += (centred * centred - 1.0 / 12) / evaluations;
      }
    }
    return new Estimates(losses, covariates, noise, curve);
  }

  /** Streams far enough apart that no two rows or seeds share numbers. */
  private static long stream(Times times, int seed) {
    return (((long) times.ordinal() << 32) + seed) << 24;
  }

  private static Row row(
      Times times, int evaluations, List<Estimates> estimates, double reference) {
    int half = estimates.size() / 2;
    double plain = 0;
    double gaussian = 0;
    double all = 0;
    for (boolean first : new boolean[] {true, false}) {
      List<Estimates> fitted = estimates.subList(first ? 0 : half, first ? half : estimates.size());
      List<Estimates> used = estimates.subList(first ? half : 0, first ? estimates.size() : half);
      double share = (double) used.size() / estimates.size();
      int usable =
          times == Times.FIXED_DENSE ? 1 : COVARIATES; // fixed times leave nothing to polynomials
      plain += share * variance(used, new double[0]);
      gaussian += share * variance(used, coefficients(fitted, 1));
      all += share * variance(used, coefficients(fitted, usable));
    }
    return new Row(
        times,
        evaluations,
        plain,
        gaussian,
        all,
        variance(estimates.stream().map(e -> e.controlled(false)).toList(), new double[0]),
        variance(estimates.stream().map(e -> e.controlled(true)).toList(), new double[0]),
        mean(estimates, false) - reference,
        mean(estimates, true) - reference);
  }

  /** Least squares of losses on the first covariates, both less their means within an image. */
  private static double[] coefficients(List<Estimates> estimates, int count) {
    DMatrixRMaj products = new DMatrixRMaj(count, count);
    DMatrixRMaj targets = new DMatrixRMaj(count, 1);
    for (Estimates image : estimates) {
      double[] means = new double[count];
      double mean = Arrays.stream(image.losses()).average().orElseThrow();
      for (double[] covariates : image.covariates()) {
        for (int a = 0; a < count; a++) {
          means[a] += covariates[a] / image.losses().length;
        }
      }
      for (int s = 0; s < image.losses().length; s++) {
        for (int a = 0; a < count; a++) {
          double x = image.covariates()[s][a] - means[a];
          targets.add(a, 0, x * (image.losses()[s] - mean));
          for (int b = 0; b < count; b++) {
            double y = image.covariates()[s][b] - means[b];
            products.add(a, b, x * y);
          }
        }
      }
    }
    DMatrixRMaj inverse = new DMatrixRMaj(count, count);
    CommonOps_DDRM.pinv(products, inverse);
    DMatrixRMaj coefficients = new DMatrixRMaj(count, 1);
    CommonOps_DDRM.mult(inverse, targets, coefficients);
    return coefficients.getData();
  }

  private static double variance(List<Estimates> estimates, double[] coefficients) {
    double sum = 0;
    for (Estimates image : estimates) {
      int n = image.losses().length;
      double[] values = new double[n];
      for (int s = 0; s < n; s++) {
        values[s] = image.losses()[s];
        for (int a = 0; a < coefficients.length; a++) {
          values[s] -= coefficients[a] * image.covariates()[s][a];
        }
      }
      double mean = Arrays.stream(values).average().orElseThrow();
      sum += Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (n - 1);
    }
    return sum / estimates.size();
  }
}
