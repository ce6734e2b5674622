package io.surprisal.model.diffusion;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * Images as one Gaussian: mean, the leading directions of their covariance, and one variance for
 * all other directions (probabilistic principal components; Tipping &amp; Bishop 1999). Its best
 * denoiser is linear, so that the expected error of its noise estimate is known in closed form for
 * every image and noise level: a control variate for the network's error.
 *
 * <p>With m = 1/(α² λ + σ²) along a direction of variance λ the estimate is ε̂ = σ m (α y + σ ε),
 * and ε − ε̂ = (1 − σ² m) ε − σ α m y, where y is the image's deviation from the mean.
 *
 * @param mean of scaled images, {@code [D]}
 * @param directions orthonormal, {@code [rank][D]}
 * @param variances along the directions, descending
 * @param otherVariance along each of the other D − rank directions
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record GaussianModel(
    float[] mean, float[][] directions, double[] variances, double otherVariance) {

  /**
   * Keeps the variances away from 0, where the denoiser of pixels that never vary divides by it.
   */
  private static final double SMALLEST_VARIANCE = 1e-6;

  /**
   * What an image or its noise looks like along the directions.
   *
   * @param along components along the directions, {@code [rank]}
   * @param square squared length of the whole, all directions
   */
  public record Components(double[] along, double square) {
    private double otherSquare() {
      double square = this.square;
      for (double component : along) {
        square -= component * component;
      }
      return Math.max(0, square);
    }
  }

  /**
   * Fits to images; what it takes grows with the cube of their number.
   *
   * @param images scaled to (−1, 1), at least two
   * @param rank how many directions at most
   */
  public static GaussianModel fit(List<float[]> images, int rank) {
    int n = images.size();
    int dimensions = images.get(0).length;
    float[] mean = new float[dimensions];
    for (float[] image : images) {
      for (int i = 0; i < dimensions; i++) {
        mean[i] += image[i] / n;
      }
    }
    DMatrixRMaj centred = new DMatrixRMaj(n, dimensions);
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < dimensions; i++) {
        centred.set(row, i, images.get(row)[i] - mean[i]);
      }
    }
    DMatrixRMaj gram = new DMatrixRMaj(n, n);
    CommonOps_DDRM.multTransB(1.0 / n, centred, centred, gram);
    double total = CommonOps_DDRM.trace(gram);
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
    if (!eigen.decompose(gram)) {
      throw new ArithmeticException("the covariance of " + n + " images has no eigenvectors");
    }
    int kept = Math.min(rank, Math.min(n - 1, dimensions - 1));
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -eigen.getEigenvalue(i).getReal()))
            .limit(kept)
            .mapToInt(i -> i)
            .filter(i -> eigen.getEigenvalue(i).getReal() > SMALLEST_VARIANCE)
            .toArray();
    float[][] directions = new float[order.length][];
    double[] variances = new double[order.length];
    double rest = total;
    DMatrixRMaj direction = new DMatrixRMaj(dimensions, 1);
    for (int k = 0; k < order.length; k++) {
      variances[k] = eigen.getEigenvalue(order[k]).getReal();
      rest -= variances[k];
      CommonOps_DDRM.multTransA(centred, eigen.getEigenVector(order[k]), direction);
      CommonOps_DDRM.divide(direction, Math.sqrt(n * variances[k]));
      directions[k] = new float[dimensions];
      for (int i = 0; i < dimensions; i++) {
        directions[k][i] = (float) direction.get(i);
      }
    }
    return new GaussianModel(
        mean,
        directions,
        variances,
        Math.max(SMALLEST_VARIANCE, rest / (dimensions - order.length)));
  }

  /**
   * Σ (ε − ε̂)² of the Gaussian's denoiser.
   *
   * @param y the image less the mean
   * @param epsilon the noise
   * @param product ⟨ε, y⟩ over all D
   * @param gamma the noise level
   */
  public double error(Components y, Components epsilon, double product, double gamma) {
    double sigma2 = sigmoid(gamma);
    double alpha2 = sigmoid(-gamma);
    double cross = Math.sqrt(sigma2 * alpha2);
    double error = 0;
    double otherProduct = product;
    for (int k = 0; k < variances.length; k++) {
      double m = 1 / (alpha2 * variances[k] + sigma2);
      double e = epsilon.along()[k];
      double difference = (1 - sigma2 * m) * e - cross * m * y.along()[k];
      error += difference * difference;
      otherProduct -= e * y.along()[k];
    }
    double m = 1 / (alpha2 * otherVariance + sigma2);
    double noise = 1 - sigma2 * m;
    double image = cross * m;
    return error
        + noise * noise * epsilon.otherSquare()
        - 2 * noise * image * otherProduct
        + image * image * y.otherSquare();
  }

  /**
   * Expectation of {@link #error} over the noise.
   *
   * @param y the image less the mean
   * @param gamma the noise level
   */
  public double expectedError(Components y, double gamma) {
    double sigma2 = sigmoid(gamma);
    double alpha2 = sigmoid(-gamma);
    double error = addedError(y, gamma);
    for (double variance : variances) {
      double noise = 1 - sigma2 / (alpha2 * variance + sigma2);
      error += noise * noise;
    }
    double noise = 1 - sigma2 / (alpha2 * otherVariance + sigma2);
    return error + (mean.length - variances.length) * noise * noise;
  }

  /**
   * What an image adds to {@link #expectedError}: that less what an image at the mean has.
   *
   * @param y the image less the mean
   * @param gamma the noise level
   */
  public double addedError(Components y, double gamma) {
    double sigma2 = sigmoid(gamma);
    double alpha2 = sigmoid(-gamma);
    double error = 0;
    for (int k = 0; k < variances.length; k++) {
      double m = 1 / (alpha2 * variances[k] + sigma2);
      error += m * m * y.along()[k] * y.along()[k];
    }
    double m = 1 / (alpha2 * otherVariance + sigma2);
    return sigma2 * alpha2 * (error + m * m * y.otherSquare());
  }

  /**
   * Of an image less the mean.
   *
   * @param image scaled, {@code [D]}
   */
  public Components components(float[] image) {
    double[] deviations = new double[image.length];
    double square = 0;
    for (int i = 0; i < image.length; i++) {
      deviations[i] = image[i] - mean[i];
      square += deviations[i] * deviations[i];
    }
    double[] along = new double[directions.length];
    for (int k = 0; k < along.length; k++) {
      for (int i = 0; i < image.length; i++) {
        along[k] += directions[k][i] * deviations[i];
      }
    }
    return new Components(along, square);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
