package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * How much one image's estimated diffusion loss varies from seed to seed, by number of evaluations,
 * by how their times are drawn, and by which control variates are subtracted. Coefficients of
 * control variates are fitted on one half of the images and used on the other.
 */
public final class VarianceStudy {
  /** Numbers of covariates: the Gaussian's excess error, and two polynomials of the times. */
  private static final int COVARIATES = 3;

  /** How the times of an image's evaluations are drawn. */
  public enum Times {
    /** Each uniform on [0, 1). */
    INDEPENDENT,
    /** Evaluation i uniform on [i/K, (i + 1)/K). */
    JITTERED,
    /** t_i = (u + i/K) mod 1 with one uniform u. */
    COMMON_OFFSET,
    /** The same with the release's own u for every seed: biased, see its calibration. */
    FIXED;

    private double[] draw(int evaluations, double fixedOffset, CounterNoise noise, long stream) {
      double[] times = new double[evaluations];
      double common = noise.uniform(stream);
      for (int i = 0; i < evaluations; i++) {
        times[i] =
            switch (this) {
              case INDEPENDENT -> noise.uniform(stream + 1 + i);
              case JITTERED -> (i + noise.uniform(stream + 1 + i)) / evaluations;
              case COMMON_OFFSET -> (common + i / (double) evaluations) % 1;
              case FIXED -> (fixedOffset + i / (double) evaluations) % 1;
            };
      }
      return times;
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
   * @param withAll with polynomials of the times subtracted too
   * @param bias mean over images and seeds less that of the independent times at the largest K,
   *     bits/dim
   */
  public record Row(
      Times times,
      int evaluations,
      double variance,
      double withGaussian,
      double withAll,
      double bias) {}

  /** Estimates of one image: {@code [seed]} means of the loss, {@code [seed][covariate]}. */
  private record Estimates(double[] losses, double[][] covariates) {}

  private final DiffusionModel model;
  private final double levelOffset;
  private final ControlVariate control;
  private final int seeds;
  private final long seed;

  /**
   * Prepares.
   *
   * @param levelOffset the release's u
   * @param gaussian of other images
   * @param seeds estimates of each image, at least 2
   * @param seed of times and noise
   */
  public VarianceStudy(
      DiffusionModel model, double levelOffset, GaussianModel gaussian, int seeds, long seed) {
    this.model = model;
    this.levelOffset = levelOffset;
    this.control = new ControlVariate(model.newManager(), gaussian);
    this.seeds = seeds;
    this.seed = seed;
  }

  /**
   * Measures.
   *
   * @param images the first ones of the data set, at least 4
   * @param evaluations the K
   * @param progress is told after every image of every row
   */
  public List<Row> measure(
      ImageDataset data,
      int images,
      List<Integer> evaluations,
      Workers workers,
      Runnable progress) {
    List<Row> rows = new ArrayList<>();
    List<PixelImage> all = IntStream.range(0, images).mapToObj(data::image).toList();
    double reference = Double.NaN;
    List<Integer> descending =
        evaluations.stream().sorted((a, b) -> Integer.compare(b, a)).toList();
    for (Times times : Times.values()) {
      for (int k : descending) {
        List<Estimates> estimates =
            workers.map(
                images,
                i -> {
                  Estimates result = estimates(all.get(i), i, times, k);
                  progress.run();
                  return result;
                });
        double mean =
            estimates.stream()
                .flatMapToDouble(e -> Arrays.stream(e.losses()))
                .average()
                .orElseThrow();
        reference = Double.isNaN(reference) ? mean : reference;
        rows.add(row(times, k, estimates, mean - reference));
      }
    }
    return rows;
  }

  private Estimates estimates(PixelImage image, int index, Times times, int evaluations) {
    CounterNoise noise = NoisePlan.fresh(seed).noise(image, index);
    double[] losses = new double[seeds];
    double[][] covariates = new double[seeds][COVARIATES];
    double[] all = new double[seeds * evaluations];
    for (int s = 0; s < seeds; s++) {
      long stream = stream(times, evaluations, s);
      System.arraycopy(
          times.draw(evaluations, levelOffset, noise, stream),
          0,
          all,
          s * evaluations,
          evaluations);
    }
    SingleEvaluations single =
        SingleEvaluations.of(
            model,
            model.schedule(),
            Optional.of(control),
            image,
            all,
            noise,
            i -> stream(times, evaluations, seeds) + i);
    for (int s = 0; s < seeds; s++) {
      for (int i = s * evaluations; i < (s + 1) * evaluations; i++) {
        double centred = all[i] - 0.5;
        losses[s] += single.losses()[i] / evaluations;
        covariates[s][0] += single.controls()[i] / evaluations;
        covariates[s][1] += centred / evaluations;
        covariates[s][2] += (centred * centred - 1.0 / 12) / evaluations;
      }
    }
    return new Estimates(losses, covariates);
  }

  /** Streams far enough apart that no two rows or seeds share numbers. */
  private static long stream(Times times, int evaluations, int seed) {
    return (((long) times.ordinal() << 32) + ((long) evaluations << 16) + seed) << 24;
  }

  private static Row row(Times times, int evaluations, List<Estimates> estimates, double bias) {
    int half = estimates.size() / 2;
    double plain = 0;
    double gaussian = 0;
    double all = 0;
    for (boolean first : new boolean[] {true, false}) {
      List<Estimates> fitted = estimates.subList(first ? 0 : half, first ? half : estimates.size());
      List<Estimates> used = estimates.subList(first ? half : 0, first ? estimates.size() : half);
      double share = (double) used.size() / estimates.size();
      int usable =
          times == Times.FIXED ? 1 : COVARIATES; // fixed times leave nothing to polynomials
      plain += share * variance(used, new double[0]);
      gaussian += share * variance(used, coefficients(fitted, 1));
      all += share * variance(used, coefficients(fitted, usable));
    }
    return new Row(times, evaluations, plain, gaussian, all, bias);
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
