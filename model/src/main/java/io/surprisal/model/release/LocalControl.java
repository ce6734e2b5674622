package io.surprisal.model.release;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is subtracted from each pixel's squared error at a noise level to make it vary less: β times
 * (ε² − 1), whose expectation is 0. β is the regression of e² on ε² over the pixels of images that
 * neither trained nor calibrate.
 *
 * @param times t of each β, ascending, at least one
 * @param betas β at each
 */
public record LocalControl(List<Double> times, List<Double> betas) {

  /** Subtracts nothing. */
  public static final LocalControl NONE = new LocalControl(List.of(0.0), List.of(0.0));

  /**
   * @throws IllegalArgumentException if the lists are not of one length, or a number is impossible
   */
  public LocalControl {
    times = List.copyOf(times);
    betas = List.copyOf(betas);
    if (times.isEmpty()
        || times.size() != betas.size()
        || betas.stream().anyMatch(beta -> !Double.isFinite(beta))) {
      throw new IllegalArgumentException(
          "local control: %d times with β %s".formatted(times.size(), betas));
    }
    for (int i = 0; i < times.size(); i++) {
      if (!(times.get(i) >= (i == 0 ? 0 : times.get(i - 1)) && times.get(i) <= 1)) {
        throw new IllegalArgumentException("local control: times are " + times);
      }
    }
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
