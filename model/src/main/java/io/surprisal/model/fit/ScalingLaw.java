package io.surprisal.model.fit;

import java.util.Arrays;

/**
 * Bits/dim against training compute, L = floor + scale · C^−exponent (arXiv 2001.08361, equation
 * 1.5, with an irreducible loss), fitted to finished runs by least squares: for each exponent on a
 * grid, floor and scale are linear.
 *
 * @param floor what no compute goes below, bits/dim, at least 0
 * @param scale bits/dim above the floor at a compute of 1
 * @param exponent above 0
 * @param residual root mean square of what the fit leaves, bits/dim
 */
public record ScalingLaw(double floor, double scale, double exponent, double residual) {
  /** Fewer runs do not determine three numbers. */
  public static final int FEWEST_RUNS = 3;

  private static final double SMALLEST_EXPONENT = 0.02;
  private static final double LARGEST_EXPONENT = 2;
  private static final int STEPS = 1000;

  /**
   * Fits.
   *
   * @param compute of each run, any unit, above 0
   * @param bitsPerDim of each run
   * @throws IllegalArgumentException if there are fewer than {@value #FEWEST_RUNS} different
   *     computes
   */
  public static ScalingLaw fit(double[] compute, double[] bitsPerDim) {
    if (Arrays.stream(compute).distinct().count() < FEWEST_RUNS) {
      throw new IllegalArgumentException(
          "a scaling law takes at least %d runs of different compute".formatted(FEWEST_RUNS));
    }
    ScalingLaw best = fit(compute, bitsPerDim, SMALLEST_EXPONENT);
    double ratio = Math.pow(LARGEST_EXPONENT / SMALLEST_EXPONENT, 1.0 / STEPS);
    for (int i = 1; i <= STEPS; i++) {
      ScalingLaw law = fit(compute, bitsPerDim, SMALLEST_EXPONENT * Math.pow(ratio, i));
      if (law.residual < best.residual) {
        best = law;
      }
    }
    return best;
  }

  private static ScalingLaw fit(double[] compute, double[] bitsPerDim, double exponent) {
    int n = compute.length;
    double[] x = Arrays.stream(compute).map(c -> Math.pow(c, -exponent)).toArray();
    double meanX = Arrays.stream(x).average().orElseThrow();
    double meanY = Arrays.stream(bitsPerDim).average().orElseThrow();
    double products = 0;
    double squares = 0;
    double throughOrigin = 0;
    double all = 0;
    for (int i = 0; i < n; i++) {
      products += (x[i] - meanX) * (bitsPerDim[i] - meanY);
      squares += (x[i] - meanX) * (x[i] - meanX);
      throughOrigin += x[i] * bitsPerDim[i];
      all += x[i] * x[i];
    }
    double scale = products / squares;
    double floor = meanY - scale * meanX;
    if (floor < 0) { // no code is shorter than nothing
      floor = 0;
      scale = throughOrigin / all;
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.pow(bitsPerDim[i] - floor - scale * x[i], 2);
    }
    return new ScalingLaw(floor, scale, exponent, Math.sqrt(sum / n));
  }

  /** Bits/dim at a compute, in the unit of the fit. */
  public double at(double compute) {
    return floor + scale * Math.pow(compute, -exponent);
  }
}
