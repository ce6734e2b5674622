package io.surprisal.model.detection;

import io.surprisal.model.release.NormalGaussian;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Fits what is typical of normal images. Raw likelihood ranks simple foreign images as more likely
 * than the training data; how its error is distributed over the noise levels does not (Mahmood,
 * Oliva &amp; Styner 2021, arXiv 2010.13132).
 */
public final class TypicalityFit {
  /** Below it the logarithm says nothing. */
  private static final double LEAST = 1e-12;

  /** Share of normal images within the unit of distances. */
  private static final double USUAL = 0.95;

  private TypicalityFit() {}

  /** How many traits an image of K evaluations has. */
  public static int traits(int evaluations) {
    return evaluations + 2;
  }

  /**
   * What is looked at: the logarithms of the squared errors by noise level and of the length under
   * a lossless codec, and the reconstruction term.
   *
   * @param likelihood after all K evaluations
   * @return K + 2 numbers
   */
  public static double[] traits(ImageLikelihood likelihood) {
    float[] errors = likelihood.squaredErrors();
    double[] traits = new double[traits(errors.length)];
    for (int i = 0; i < errors.length; i++) {
      traits[i] = Math.log(Math.max(LEAST, errors[i]));
    }
    traits[errors.length] = likelihood.reconstruction();
    traits[errors.length + 1] = Math.log(Math.max(LEAST, likelihood.codecBitsPerDim()));
    return traits;
  }

  /**
   * What is looked at beside the network: the logarithms of the errors that the image adds to those
   * of a Gaussian's denoiser, and of its length under a lossless codec.
   *
   * @param gaussianErrors by noise level, see {@link NormalGaussian#errors}
   * @param codecBitsPerDim of the same image
   * @return one number more than there are errors
   */
  public static double[] plainTraits(double[] gaussianErrors, double codecBitsPerDim) {
    double[] traits = Arrays.copyOf(gaussianErrors, gaussianErrors.length + 1);
    traits[gaussianErrors.length] = codecBitsPerDim;
    return Arrays.stream(traits).map(trait -> Math.log(Math.max(LEAST, trait))).toArray();
  }

  /**
   * How far what is seen of an image beside the network lies from what normal ones give.
   *
   * @param gaussianErrors of the image, by noise level
   * @param codecBitsPerDim of the same image
   */
  public static double plainDistance(
      NormalGaussian of, double[] gaussianErrors, double codecBitsPerDim) {
    return of.distance().distance(plainTraits(gaussianErrors, codecBitsPerDim));
  }

  /**
   * How far an image's traits lie from what normal ones give.
   *
   * @param image after all K evaluations, with a Gaussian's errors where the release knows one
   */
  public static double untypicality(Typicality of, ImageLikelihood image) {
    double network = of.distance(traits(image));
    return of.gaussian()
        .map(
            gaussian ->
                plainDistance(gaussian, image.plain().gaussianErrors(), image.codecBitsPerDim()))
        .map(other -> Math.max(network, other))
        .orElse(network);
  }

  /**
   * The distance that every twentieth normal image exceeds, by halves: each half's under a fit to
   * the other, since the images of a fit lie nearer than others.
   *
   * @param images at least four
   * @param fit gives the distance of an image under a fit to some
   */
  public static <T> double usualDistance(
      List<T> images, Function<List<T>, ToDoubleFunction<T>> fit) {
    List<T> even = half(images, 0);
    List<T> odd = half(images, 1);
    double[] distances =
        DoubleStream.concat(
                odd.stream().mapToDouble(fit.apply(even)),
                even.stream().mapToDouble(fit.apply(odd)))
            .sorted()
            .toArray();
    return Math.max(LEAST, distances[(int) (USUAL * distances.length)]);
  }

  private static <T> List<T> half(List<T> images, int parity) {
    return IntStream.range(0, images.size())
        .filter(i -> i % 2 == parity)
        .mapToObj(images::get)
        .toList();
  }

  /**
   * Mean and covariance of the traits. The correlations are shrunk towards 0 by d/(n + d), d of the
   * traits and n of the images, so that few images do not make a direction look certain.
   *
   * @param traits of each image, at least two
   */
  public static Typicality fit(List<double[]> traits) {
    int n = traits.size();
    int d = traits.get(0).length;
    double[] mean = new double[d];
    for (double[] image : traits) {
      for (int i = 0; i < d; i++) {
        mean[i] += image[i] / n;
      }
    }
    DMatrixRMaj covariance = new DMatrixRMaj(d, d);
    for (double[] image : traits) {
      for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
          covariance.add(i, j, (image[i] - mean[i]) * (image[j] - mean[j]) / (n - 1));
        }
      }
    }
    double kept = n / (double) (n + d);
    for (int i = 0; i < d; i++) {
      double floor = LEAST * (1 + mean[i] * mean[i]);
      covariance.set(i, i, Math.max(floor, covariance.get(i, i)));
      for (int j = 0; j < d; j++) {
        if (i != j) {
          covariance.set(i, j, kept * covariance.get(i, j));
        }
      }
    }
    DMatrixRMaj inverse = new DMatrixRMaj(d, d);
    if (!CommonOps_DDRM.invert(covariance, inverse)) {
      throw new ArithmeticException("the traits of " + n + " images have no covariance");
    }
    List<List<Double>> rows = new ArrayList<>();
    for (int i = 0; i < d; i++) {
      int row = i;
      rows.add(IntStream.range(0, d).mapToObj(j -> inverse.get(row, j)).toList());
    }
    return new Typicality(IntStream.range(0, d).mapToObj(i -> mean[i]).toList(), rows);
  }
}
