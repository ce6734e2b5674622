package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LocalNormalTest {

  private static LocalNormal normal(
      List<Integer> windows, int rows, int columns, List<Float> means, List<Float> deviations) {
    return new LocalNormal(LocalControl.NONE, windows, rows, columns, means, deviations);
  }

  private static List<Float> all(int count, float value) {
    return Collections.nCopies(count, value);
  }

  @Test
  void shouldLayItsNumbersOutByWindowThenRowThenColumn() {
    LocalNormal normal = normal(List.of(5, 9), 3, 4, all(24, 0), all(24, 1));
    Set<Integer> places = new HashSet<>();
    for (int window = 0; window < 2; window++) {
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 4; column++) {
          places.add(normal.index(window, row, column));
        }
      }
    }
    assertThat(places).hasSize(24).allMatch(place -> place >= 0 && place < 24);
    assertThat(normal.index(0, 0, 1)).isEqualTo(1);
    assertThat(normal.index(0, 1, 0)).isEqualTo(4);
    assertThat(normal.index(1, 0, 0)).isEqualTo(12);
  }

  @Test
  void shouldRefuseWindowsWithoutACentre() {
    for (int side : List.of(-1, 0, 4)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> normal(List.of(5, side), 1, 1, all(2, 0), all(2, 1)))
          .withMessageContaining("windows [5, " + side + "]");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> normal(List.of(), 1, 1, List.of(), List.of()))
        .withMessageContaining("windows []");
  }

  @Test
  void shouldRefuseNumbersThatAreNotAsManyAsItsCells() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> normal(List.of(5), 2, 3, all(5, 0), all(5, 1)))
        .withMessageContaining("2×3 cells with 5 means and 5 deviations");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> normal(List.of(5), 2, 3, all(6, 0), all(5, 1)))
        .withMessageContaining("6 means and 5 deviations");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> normal(List.of(5), 0, 3, List.of(), List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> normal(List.of(5), 3, 0, List.of(), List.of()));
  }

  @Test
  void shouldRefuseImpossibleMeansAndDeviations() {
    assertThat(normal(List.of(1), 1, 1, all(1, -3), all(1, Float.MIN_VALUE)).means())
        .containsExactly(-3f);
    for (float mean : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> normal(List.of(1), 1, 2, List.of(0f, mean), all(2, 1)));
    }
    for (float deviation : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> normal(List.of(1), 1, 2, all(2, 0), List.of(1f, deviation)));
    }
  }
}
