package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TailTest {

  @Test
  void shouldLeaveTheValuesAsTheyAre() {
    float[] values = {3, 1, 2};
    assertThat(Tail.of(values).ascending()).containsExactly(1, 2, 3);
    assertThat(values).containsExactly(3, 1, 2);
  }

  /** Values of few different kinds, so that ties are the rule. */
  @Property(tries = 300, seed = "1")
  void shouldCountAsManyAsBruteForceDoes(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 8) Integer> calibration,
      @ForAll @IntRange(min = -1, max = 9) int value) {
    float[] values = new float[calibration.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = calibration.get(i);
    }
    long atLeast = calibration.stream().filter(other -> other >= value).count();
    assertThat(Tail.of(values).pValue(value)).isEqualTo((1.0 + atLeast) / (values.length + 1));
  }
}
