package io.surprisal.model.release;

import java.util.List;

/**
 * How normal images' traits lie: an image's untypicality is the squared Mahalanobis distance (1936)
 * of its traits, (τ − μ)ᵀ Σ⁻¹ (τ − μ). Fitted to images that neither trained nor calibrate the
 * release.
 *
 * @param centre μ, {@code [traits]}
 * @param inverseCovariance Σ⁻¹, {@code [traits][traits]}
 */
public record Typicality(List<Double> centre, List<List<Double>> inverseCovariance) {

  /**
   * @throws IllegalArgumentException if a part is missing, not square or not finite
   */
  public Typicality {
    if (centre == null || centre.isEmpty() || inverseCovariance == null) {
      throw new IllegalArgumentException("typicality: lacks its centre or its covariance");
    }
    requireFinite(centre, centre.size());
    if (inverseCovariance.size() != centre.size()) {
      throw new IllegalArgumentException(
          "typicality: a covariance of %d rows for %d traits"
              .formatted(inverseCovariance.size(), centre.size()));
    }
    for (List<Double> row : inverseCovariance) {
      requireFinite(row, centre.size());
    }
    centre = List.copyOf(centre);
    inverseCovariance = inverseCovariance.stream().map(List::copyOf).toList();
  }

  private static void requireFinite(List<Double> row, int size) {
    if (row == null
        || row.size() != size
        || row.stream().anyMatch(value -> value == null || !Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "typicality: rows must be %d finite numbers, one is %s".formatted(size, row));
    }
  }

  /**
   * The squared distance from what is normal; never negative but for rounding.
   *
   * @param traits of one image
   * @throws IllegalArgumentException if they are not as many as those of the fit
   */
  public double untypicality(double[] traits) {
    int n = centre.size();
    if (traits.length != n) {
      throw new IllegalArgumentException(traits.length + " traits, fitted were " + n);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        sum +=
            (traits[i] - centre.get(i))
                * inverseCovariance.get(i).get(j)
                * (traits[j] - centre.get(j));
      }
    }
    return sum;
  }
}
