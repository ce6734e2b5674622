package io.surprisal.model.release;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How local evidence is taken from the evaluations of an image: at which noise levels, and what is
 * subtracted from each pixel's squared error there to make it vary less. That is β times (ε² − 1),
 * whose expectation is 0; β is the regression of e² on ε² over the pixels of images that neither
 * train nor calibrate.
 *
 * @param times t of each β, ascending, at least one
 * @param betas β at each
 * @param leastGammaOrNull γ below which an evaluation shows no local evidence; none where all do
 */
public record LocalControl(
    List<Double> times,
    List<Double> betas,
    @JsonProperty("leastGamma") @Nullable Double leastGammaOrNull) {

  /**
   * γ at which the noise beside the image, σ/α = e<sup>γ/2</sup>, has the standard deviation of one
   * of the 256 levels of a pixel. Below that a pixel's level is nearly known from the noisy pixel
   * itself: what is left to guess are its last bits, which say much of the sensor and nothing of
   * what it sees.
   */
  public static final double GREY_LEVEL = 2 * Math.log(2.0 / 256);

  /** Subtracts nothing, at all levels. */
  public static final LocalControl NONE = new LocalControl(List.of(0.0), List.of(0.0));

  /**
   * @throws IllegalArgumentException if the lists are not of one length, or a number is impossible
   */
  public LocalControl {
    times = List.copyOf(times);
    betas = List.copyOf(betas);
    if (times.isEmpty()
        || times.size() != betas.size()
        || (leastGammaOrNull != null && !Double.isFinite(leastGammaOrNull))
        || betas.stream().anyMatch(beta -> !Double.isFinite(beta))) {
      throw new IllegalArgumentException(
          "local control: %d times with β %s, from γ %s on"
              .formatted(times.size(), betas, leastGammaOrNull));
    }
    for (int i = 0; i < times.size(); i++) {
      if (!(times.get(i) >= (i == 0 ? 0 : times.get(i - 1)) && times.get(i) <= 1)) {
        throw new IllegalArgumentException("local control: times are " + times);
      }
    }
  }

  /** At all noise levels. */
  public LocalControl(List<Double> times, List<Double> betas) {
    this(times, betas, null);
  }

  /** The same at levels with at least so much noise alone. */
  public LocalControl fromGamma(double leastGamma) {
    return new LocalControl(times, betas, leastGamma);
  }

  /** γ below which an evaluation shows no local evidence; empty where all do. */
  public Optional<Double> leastGamma() {
    return Optional.ofNullable(leastGammaOrNull);
  }

  /**
   * Which of an image's evaluations show local evidence; all of them where none has enough noise.
   *
   * @param gammas γ of each
   */
  public boolean[] shown(double[] gammas) {
    double least = leastGamma().orElse(Double.NEGATIVE_INFINITY);
    boolean any = Arrays.stream(gammas).anyMatch(gamma -> gamma >= least);
    boolean[] shown = new boolean[gammas.length];
    for (int i = 0; i < gammas.length; i++) {
      shown[i] = !any || gammas[i] >= least;
    }
    return shown;
  }

  /** Of times in any order, each with its β. */
  public static LocalControl of(double[] times, double[] betas) {
    List<Integer> ascending =
        IntStream.range(0, times.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> times[i]))
            .toList();
    return new LocalControl(
        ascending.stream().map(i -> times[i]).toList(),
        ascending.stream().map(i -> betas[i]).toList());
  }

  /** β at a time, between two known ones linearly. */
  public double beta(double t) {
    int above = 0;
    while (above < times.size() && times.get(above) < t) {
      above++;
    }
    if (above == 0) {
      return betas.get(0);
    }
    if (above == times.size()) {
      return betas.get(above - 1);
    }
    double from = times.get(above - 1);
    double to = times.get(above);
    double share = to > from ? (t - from) / (to - from) : 1;
    return (1 - share) * betas.get(above - 1) + share * betas.get(above);
  }
}
