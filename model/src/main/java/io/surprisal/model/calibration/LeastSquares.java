package io.surprisal.model.calibration;

import java.util.ArrayList;
import java.util.List;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Linear regression whose coefficients are piecewise linear functions of t between equally spaced
 * knots, with a small ridge. Adds up normal equations; for one thread.
 */
final class LeastSquares {
  private final int knots;
  private final int count;
  private final DMatrixRMaj products;
  private final DMatrixRMaj targets;
  private int observations;

  /**
   * Prepares.
   *
   * @param knots at least two
   * @param count of the regressors
   */
  LeastSquares(int knots, int count) {
    this.knots = knots;
    this.count = count;
    products = new DMatrixRMaj(knots * count, knots * count);
    targets = new DMatrixRMaj(knots * count, 1);
  }

  /** Adds an observation at a time t in [0, 1]. */
  void add(double t, double[] regressors, double target) {
    observations++;
    int from = (int) Math.min(knots - 2, Math.floor(t * (knots - 1)));
    double within = t * (knots - 1) - from;
    double[] shares = {1 - within, within};
    for (int a = 0; a < 2; a++) {
      for (int i = 0; i < count; i++) {
        int row = (from + a) * count + i;
        double value = shares[a] * regressors[i];
        targets.add(row, 0, value * target);
        for (int b = 0; b < 2; b++) {
          for (int j = 0; j < count; j++) {
            products.add(row, (from + b) * count + j, value * shares[b] * regressors[j]);
          }
        }
      }
    }
  }

  /**
   * The coefficients, {@code [knots][regressors]}; 0 for a regressor that was always 0.
   *
   * @param ridge penalty on the squares of coefficients of regressors of mean square 1, as a share
   *     of the observations
   */
  List<List<Double>> solve(double ridge) {
    int n = knots * count;
    double[] scales = new double[n];
    for (int i = 0; i < n; i++) {
      double square = products.get(i, i) / observations;
      scales[i] = square > 0 ? 1 / Math.sqrt(square) : 0;
    }
    DMatrixRMaj scaled = new DMatrixRMaj(n, n);
    DMatrixRMaj scaledTargets = new DMatrixRMaj(n, 1);
    for (int i = 0; i < n; i++) {
      scaledTargets.set(i, 0, scales[i] * targets.get(i, 0) / observations);
      for (int j = 0; j < n; j++) {
        scaled.set(i, j, scales[i] * scales[j] * products.get(i, j) / observations);
      }
      scaled.add(i, i, ridge);
    }
    DMatrixRMaj solution = new DMatrixRMaj(n, 1);
    if (!CommonOps_DDRM.solve(scaled, scaledTargets, solution)) {
      throw new ArithmeticException(
          "the least squares of " + observations + " observations have no solution");
    }
    List<List<Double>> coefficients = new ArrayList<>();
    for (int knot = 0; knot < knots; knot++) {
      List<Double> row = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        row.add(scales[knot * count + i] * solution.get(knot * count + i, 0));
      }
      coefficients.add(row);
    }
    return coefficients;
  }
}
