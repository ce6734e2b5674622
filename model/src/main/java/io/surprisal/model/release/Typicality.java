package io.surprisal.model.release;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How normal images' traits lie: an image's distance is the squared Mahalanobis distance (1936) of
 * its traits, (τ − μ)ᵀ Σ⁻¹ (τ − μ). Fitted to images that neither trained nor calibrate the
 * release.
 *
 * <p>There are two of them, of what the network makes of an image and of what a Gaussian makes of
 * it; an image's untypicality is the larger one, each in units of what about every twentieth normal
 * image exceeds. Not one distance of all traits: how the two go together has more numbers than a
 * few hundred images tell, and what one of them finds must not drown in the other's chance.
 *
 * @param centre μ, {@code [traits]}
 * @param inverseCovariance Σ⁻¹, {@code [traits][traits]}
 * @param gaussianOrNull what a Gaussian makes of normal images; null in earlier releases
 */
public record Typicality(
    List<Double> centre,
    List<List<Double>> inverseCovariance,
    @JsonIgnore @Nullable NormalGaussian gaussianOrNull) {

  /** Of one kind of traits alone. */
  public Typicality(List<Double> centre, List<List<Double>> inverseCovariance) {
    this(centre, inverseCovariance, null);
  }

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

  /** What a Gaussian makes of normal images; empty in earlier releases. */
  public Optional<NormalGaussian> gaussian() {
    return Optional.ofNullable(gaussianOrNull);
  }

  /** The same, with distances in another unit. */
  public Typicality inUnitsOf(double distance) {
    return new Typicality(
        centre,
        inverseCovariance.stream()
            .map(row -> row.stream().map(value -> value / distance).toList())
            .toList(),
        gaussianOrNull);
  }

  /** How many numbers of an image it looks at. */
  public int traits() {
    return centre.size()
        + gaussian().map(NormalGaussian::distance).map(Typicality::traits).orElse(0);
  }

  /** With what a Gaussian makes of normal images. */
  public Typicality with(NormalGaussian gaussian) {
    return new Typicality(centre, inverseCovariance, gaussian);
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
  public double distance(double[] traits) {
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
