package io.surprisal.model.evaluation;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.RandomMatrices_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The directions in which samples vary most. Found by subspace iteration from a random start
 * (Halko, Martinsson &amp; Tropp 2011, SIAM Review 53, algorithms 4.4 and 5.3), which never forms
 * the covariance.
 */
final class PrincipalComponents {
  /** Directions that are carried along beside those asked for, so that these become exact. */
  private static final int MORE = 10;

  private static final int ITERATIONS = 5;

  /** Share of a row's length below which what is left of it is what rounding leaves. */
  private static final double DEPENDENT = 1e-10;

  private final double[] mean;

  /** {@code [components, dimensions]}, orthonormal. */
  private final DMatrixRMaj directions;

  private PrincipalComponents(double[] mean, DMatrixRMaj directions) {
    this.mean = mean;
    this.directions = directions;
  }

  /**
   * Of samples.
   *
   * @param samples {@code [samples, dimensions]}, at least one; not changed
   * @param components how many, at most the smaller of samples and dimensions
   * @param seed of the start
   */
  static PrincipalComponents of(float[][] samples, int components, long seed) {
    int n = samples.length;
    int d = samples[0].length;
    if (components < 1 || components > Math.min(n, d)) {
      throw new IllegalArgumentException(
          "%d components of %d samples with %d dimensions".formatted(components, n, d));
    }
    double[] mean = new double[d];
    for (float[] sample : samples) {
      for (int i = 0; i < d; i++) {
        mean[i] += sample[i] / (double) n;
      }
    }
    DMatrixRMaj centred = new DMatrixRMaj(n, d);
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < d; i++) {
        centred.data[row * d + i] = samples[row][i] - mean[i];
      }
    }
    return new PrincipalComponents(mean, directions(centred, components, seed));
  }

  private static DMatrixRMaj directions(DMatrixRMaj centred, int components, long seed) {
    int n = centred.numRows;
    int d = centred.numCols;
    int width = Math.min(components + MORE, Math.min(n, d));
    DMatrixRMaj basis = new DMatrixRMaj(width, d);
    RandomMatrices_DDRM.fillGaussian(basis, 0, 1, new Random(seed));
    DMatrixRMaj projected = new DMatrixRMaj(n, width);
    for (int i = 0; i < ITERATIONS; i++) {
      CommonOps_DDRM.multTransB(centred, basis, projected);
      CommonOps_DDRM.multTransA(projected, centred, basis);
      orthonormalise(basis);
    }
    CommonOps_DDRM.multTransB(centred, basis, projected);
    DMatrixRMaj small = new DMatrixRMaj(width, width);
    CommonOps_DDRM.multTransA(projected, projected, small);
    EigenDecomposition_F64<DMatrixRMaj> eigen =
        DecompositionFactory_DDRM.eig(width, true, true); // symmetric
    if (!eigen.decompose(small)) {
      throw new ArithmeticException("the samples have no principal components");
    }
    int[] largest =
        IntStream.range(0, width)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> eigen.getEigenvalue(i).getReal())
                    .reversed())
            .limit(components)
            .mapToInt(i -> i)
            .toArray();
    DMatrixRMaj directions = new DMatrixRMaj(components, d);
    DMatrixRMaj direction = new DMatrixRMaj(1, d);
    for (int c = 0; c < components; c++) {
      CommonOps_DDRM.multTransA(eigen.getEigenVector(largest[c]), basis, direction);
      System.arraycopy(direction.data, 0, directions.data, c * d, d);
    }
    return directions;
  }

  /**
   * Makes rows orthonormal, by Gram and Schmidt twice; a row that depends on those before it
   * becomes 0, as happens where the samples vary in fewer directions.
   */
  private static void orthonormalise(DMatrixRMaj rows) {
    int d = rows.numCols;
    double[] all = rows.data;
    for (int row = 0; row < rows.numRows; row++) {
      double before = Math.sqrt(dot(all, row, row, d));
      for (int pass = 0; pass < 2; pass++) {
        for (int other = 0; other < row; other++) {
          double along = dot(all, row, other, d);
          for (int i = 0; i < d; i++) {
            all[row * d + i] -= along * all[other * d + i];
          }
        }
      }
      double length = Math.sqrt(dot(all, row, row, d));
      double scale = length > DEPENDENT * before ? 1 / length : 0;
      for (int i = 0; i < d; i++) {
        all[row * d + i] *= scale;
      }
    }
  }

  private static double dot(double[] all, int row, int other, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) {
      sum += all[row * d + i] * all[other * d + i];
    }
    return sum;
  }

  int count() {
    return directions.numRows;
  }

  /** The mean square of what the components leave of a sample; never negative. */
  double residual(float[] sample) {
    int d = mean.length;
    double[] centred = new double[d];
    double left = 0;
    for (int i = 0; i < d; i++) {
      centred[i] = sample[i] - mean[i];
      left += centred[i] * centred[i];
    }
    for (int c = 0; c < directions.numRows; c++) {
      double along = 0;
      for (int i = 0; i < d; i++) {
        along += directions.data[c * d + i] * centred[i];
      }
      left -= along * along;
    }
    return Math.max(0, left) / d;
  }
}
