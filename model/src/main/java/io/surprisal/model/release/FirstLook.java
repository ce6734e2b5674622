package io.surprisal.model.release;

import io.surprisal.model.diffusion.NoiseSchedule;
import java.util.List;

/**
 * How a picture's tiles are looked at first, with few evaluations, and which are looked at again
 * with all of them: those that a window touches which is more surprising than the threshold, and in
 * any case those under the picture's most surprising window.
 *
 * @param evaluations of every tile
 * @param means of the windows' evidence after these, in the order of {@link LocalNormal#means}
 * @param deviations above 0, in the same order
 * @param threshold in these deviations
 * @param agreement correlation of what the first and the second look say of a window, 0 to 1: what
 *     one that is looked at once would have shown is its surprise times this
 */
public record FirstLook(
    int evaluations,
    List<Float> means,
    List<Float> deviations,
    double threshold,
    double agreement) {

  /** As many offsets are tried: the middles of the strata of the usual number of evaluations. */
  private static final int OFFSETS = 8;

  private static final int BISECTIONS = 50;

  /** Of the times that show local evidence, those before the first look's. */
  private static final double SHARE = 2.0 / 3;

  /**
   * The offset u of a release's noise levels, of which a first look has those that are whole shares
   * of 1 apart, for pictures that are looked at twice: so that a first look shows local evidence,
   * however few its evaluations are. Of the times whose levels do, it lies two thirds of the way to
   * the last: there the networks of pictures have most to guess. Nearer to the first the noise is
   * still hardly more than a grey level, and near the last no detail is left.
   *
   * @param schedule the release's
   * @return in [0, 1)
   */
  static double levelOffset(NoiseSchedule schedule) {
    double from = 0; // the last time that is known to show none
    double to = 1;
    for (int i = 0; i < BISECTIONS && schedule.gamma(0) < LocalControl.GREY_LEVEL; i++) {
      double middle = (from + to) / 2;
      if (schedule.gamma(middle) < LocalControl.GREY_LEVEL) {
        from = middle;
      } else {
        to = middle;
      }
    }
    double inside = from + SHARE * (1 - from);
    return (Math.min(OFFSETS - 1, Math.floor(inside * OFFSETS)) + 0.5) / OFFSETS;
  }

  /**
   * @throws IllegalArgumentException if a number is impossible
   */
  public FirstLook {
    means = List.copyOf(means);
    deviations = List.copyOf(deviations);
    if (evaluations < 1
        || means.size() != deviations.size()
        || means.stream().anyMatch(value -> !Float.isFinite(value))
        || deviations.stream().anyMatch(value -> !(value > 0 && Float.isFinite(value)))
        || !Double.isFinite(threshold)
        || !(agreement >= 0 && agreement <= 1)) {
      throw new IllegalArgumentException(
          "a first look of %d evaluations: %d means, %d deviations, threshold %s, agreement %s"
              .formatted(evaluations, means.size(), deviations.size(), threshold, agreement));
    }
  }
}
