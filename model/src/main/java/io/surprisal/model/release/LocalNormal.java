package io.surprisal.model.release;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What local evidence normal pictures show where: by window, and by where in the picture the
 * window's centre lies, mean and standard deviation of the evidence's mean over the window. A fixed
 * camera shows the same reflection at the same place each time; what is usual there is no news.
 *
 * @param control of each pixel's errors
 * @param windows sides of the square windows, pixels at the network's scale, odd
 * @param rows of cells that a picture is divided into, whatever its size
 * @param columns of cells
 * @param means bits a pixel, by window, then by row, then by column
 * @param deviations above 0, in the same order
 * @param firstLookOrNull how tiles are looked at before that; none where every tile gets all
 *     evaluations at once
 */
public record LocalNormal(
    LocalControl control,
    List<Integer> windows,
    int rows,
    int columns,
    List<Float> means,
    List<Float> deviations,
    @JsonProperty("firstLook") @Nullable FirstLook firstLookOrNull) {

  /** Where every tile gets all evaluations at once. */
  public LocalNormal(
      LocalControl control,
      List<Integer> windows,
      int rows,
      int columns,
      List<Float> means,
      List<Float> deviations) {
    this(control, windows, rows, columns, means, deviations, null);
  }

  /**
   * @throws IllegalArgumentException if a number is impossible
   */
  public LocalNormal {
    windows = List.copyOf(windows);
    means = List.copyOf(means);
    deviations = List.copyOf(deviations);
    if (control == null
        || windows.isEmpty()
        || windows.stream().anyMatch(side -> side < 1 || side % 2 == 0)
        || rows < 1
        || columns < 1
        || means.size() != windows.size() * rows * columns
        || deviations.size() != means.size()
        || (firstLookOrNull != null && firstLookOrNull.means().size() != means.size())
        || means.stream().anyMatch(value -> !Float.isFinite(value))
        || deviations.stream().anyMatch(value -> !(value > 0 && Float.isFinite(value)))) {
      throw new IllegalArgumentException(
          "local evidence: windows %s by %d×%d cells with %d means and %d deviations"
              .formatted(windows, rows, columns, means.size(), deviations.size()));
    }
  }

  /** How tiles are looked at first; empty where every tile gets all evaluations at once. */
  public Optional<FirstLook> firstLook() {
    return Optional.ofNullable(firstLookOrNull);
  }

  /** With a first look before the second. */
  public LocalNormal after(FirstLook first) {
    return new LocalNormal(control, windows, rows, columns, means, deviations, first);
  }

  /** Where the numbers of a window and a cell lie. */
  public int index(int window, int row, int column) {
    return (window * rows + row) * columns + column;
  }
}
