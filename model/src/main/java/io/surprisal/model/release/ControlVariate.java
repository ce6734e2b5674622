package io.surprisal.model.release;

import io.surprisal.model.diffusion.TimeDensity;
import java.util.List;

/**
 * What makes a score vary less without moving its mean, fitted at calibration: where the
 * evaluations lie in time, and what is subtracted from each. The loss of an evaluation at t is
 * compared with a linear model of it, Σ_j c_j(t) w(t) φ_j + Σ_j p_j(t) ψ_j, of which the
 * expectation is known: the φ_j are functions of the noise with expectation 0 at every image and
 * noise level, the ψ_j are functions of the image alone. {@code LocalCovariates} computes both.
 * Coefficients are piecewise linear in t between equally spaced knots.
 *
 * @param density of the evaluations' times
 * @param atoms levels of pixels, 0 to 255, that so many pixels have that the network knows them
 *     through any little noise, such as a black background
 * @param noise c, {@code [knots][covariates]}
 * @param curve p, {@code [knots][traits]}, bits/dim
 */
public record ControlVariate(
    TimeDensity density, List<Integer> atoms, List<List<Double>> noise, List<List<Double>> curve) {

  /**
   * @throws IllegalArgumentException if a part is missing, ragged or not finite
   */
  public ControlVariate {
    if (density == null || atoms == null) {
      throw new IllegalArgumentException("control variate: lacks its density or its atoms");
    }
    atoms = List.copyOf(atoms);
    noise = table("noise", noise);
    curve = table("curve", curve);
    if (atoms.stream().anyMatch(level -> level < 0 || level > 255)) {
      throw new IllegalArgumentException("control variate: levels " + atoms + ", 0 to 255 exist");
    }
  }

  private static List<List<Double>> table(String name, List<List<Double>> rows) {
    if (rows == null || rows.size() < 2) {
      throw new IllegalArgumentException("control variate: " + name + " needs two knots or more");
    }
    for (List<Double> row : rows) {
      if (row.size() != rows.get(0).size()
          || row.stream().anyMatch(value -> value == null || !Double.isFinite(value))) {
        throw new IllegalArgumentException(
            "control variate: " + name + " must be a table of finite numbers, has " + row);
      }
    }
    return rows.stream().map(List::copyOf).toList();
  }

  /** c(t) · φ. */
  public double ofNoise(double t, double[] covariates) {
    return at(noise, t, covariates);
  }

  /** p(t) · ψ, the loss that the image is expected to have at t, bits/dim. */
  public double ofImage(double t, double[] traits) {
    return at(curve, t, traits);
  }

  /** The mean of {@link #ofImage} over all t. */
  public double meanOfImage(double[] traits) {
    int n = curve.size() - 1;
    double sum = 0;
    for (int k = 0; k <= n; k++) {
      sum += (k == 0 || k == n ? 0.5 : 1) * dot(curve.get(k), traits);
    }
    return sum / n;
  }

  private static double at(List<List<Double>> table, double t, double[] values) {
    int n = table.size() - 1;
    int from = (int) Math.min(n - 1, Math.floor(t * n));
    double within = t * n - from;
    return (1 - within) * dot(table.get(from), values) + within * dot(table.get(from + 1), values);
  }

  private static double dot(List<Double> row, double[] values) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += row.get(i) * values[i];
    }
    return sum;
  }
}
