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
  void shouldCutTheHighestBlocksOff() {
    boolean[] gone = new boolean[5];
    Tail tail = Tail.cut(new float[] {3, 1, 5, 2, 4}, 2, gone);
    assertThat(tail.ascending()).containsExactly(1, 2, 3, 4, 5);
    assertThat(tail.threshold()).isEqualTo(4);
    assertThat(gone).containsExactly(false, false, true, false, true);
    assertThat(tail.alerts(4)).isFalse();
    assertThat(tail.alerts(4.5f)).isTrue();
  }

  @Test
  void shouldPassOverImagesThatAnotherTailHasCutOff() {
    boolean[] gone = {false, false, true, false, false};
    Tail tail = Tail.cut(new float[] {3, 1, 5, 2, 4}, 2, gone);
    assertThat(tail.threshold()).isEqualTo(3);
    assertThat(gone).containsExactly(true, false, true, false, true);
    // the p-value is among all
    assertThat(tail.pValue(4.5f)).isEqualTo(2 / 6.0);
  }

  @Test
  void shouldNeverAlertWithoutABlock() {
    boolean[] gone = new boolean[2];
    Tail tail = Tail.cut(new float[] {1, 2}, 0, gone);
    assertThat(tail.threshold()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(gone).containsOnly(false);
    assertThat(tail.alerts(Float.POSITIVE_INFINITY)).isFalse();
    assertThat(tail.alerts(Float.MAX_VALUE)).isFalse();
  }

  @Test
  void shouldLeaveTheValuesAsTheyAre() {
    float[] values = {3, 1, 2};
    Tail.cut(values, 1, new boolean[3]);
    assertThat(values).containsExactly(3, 1, 2);
  }

  /** Values of few different kinds, so that ties are the rule. */
  @Property(tries = 300, seed = "1")
  void shouldCountAsManyAsBruteForceDoes(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 8) Integer> calibration,
      @ForAll @IntRange(min = -1, max = 9) int value,
      @ForAll @IntRange(max = 40) int anyBlocks) {
    int n = calibration.size();
    int blocks = Math.min(n, anyBlocks);
    Tail tail = Tail.cut(floats(calibration), blocks, new boolean[n]);
    long atLeast = calibration.stream().filter(other -> other >= value).count();
    assertThat(tail.pValue(value)).isEqualTo((1.0 + atLeast) / (n + 1));
    assertThat(tail.alerts(value)).isEqualTo(tail.pValue(value) <= blocks / (n + 1.0));
  }

  private static float[] floats(List<Integer> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }
}
