package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.detection.Verdict.Reason;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BlocksTest {

  @Test
  void shouldCutByTheStatisticsInTurn() {
    // the first two images are the most extreme in both statistics
    Blocks blocks =
        new Blocks(
            Map.of(
                Reason.LOCAL, new float[] {9, 8, 1, 2, 3},
                Reason.ATYPICAL, new float[] {80, 90, 20, 30, 10}),
            List.of(Reason.LOCAL, Reason.ATYPICAL));
    assertThat(blocks.images()).isEqualTo(5);
    assertThat(blocks.first(Reason.LOCAL, 9.5f)).isEqualTo(1);
    assertThat(blocks.first(Reason.ATYPICAL, 90.5f)).isEqualTo(2);
    // 9 and 90 are gone with the first two; of the other three 3 is the highest, then 30
    assertThat(blocks.first(Reason.LOCAL, 9)).isEqualTo(3);
    assertThat(blocks.first(Reason.LOCAL, 3)).isEqualTo(5);
    assertThat(blocks.first(Reason.ATYPICAL, 90)).isEqualTo(4);
    assertThat(blocks.first(Reason.ATYPICAL, 30)).isEqualTo(6);
    assertThat(blocks.threshold(Reason.LOCAL, 1)).isEqualTo(9);
    assertThat(blocks.threshold(Reason.LOCAL, 2)).isEqualTo(9);
    assertThat(blocks.threshold(Reason.LOCAL, 3)).isEqualTo(3);
    assertThat(blocks.threshold(Reason.ATYPICAL, 1)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(blocks.threshold(Reason.ATYPICAL, 5)).isEqualTo(30);
  }

  /** With one statistic, and ties, it is the conformal p-value. */
  @Property(tries = 300, seed = "1")
  void shouldCountAsATailDoes(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 8) Integer> calibration,
      @ForAll @IntRange(min = -1, max = 9) int value) {
    float[] values = new float[calibration.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = calibration.get(i);
    }
    Blocks blocks =
        new Blocks(Map.of(Reason.LOW_LIKELIHOOD, values), List.of(Reason.LOW_LIKELIHOOD));
    int first = blocks.first(Reason.LOW_LIKELIHOOD, value);
    assertThat(first / (values.length + 1.0)).isEqualTo(Tail.of(values).pValue(value));
    for (int rank = 0; rank <= values.length; rank++) {
      assertThat(value > blocks.threshold(Reason.LOW_LIKELIHOOD, rank)).isEqualTo(first <= rank);
    }
  }

  @Test
  void shouldPutWhatIsNoNumberIntoTheLastBlock() {
    Blocks blocks = new Blocks(Map.of(Reason.LOCAL, new float[] {1, 2}), List.of(Reason.LOCAL));
    assertThat(blocks.first(Reason.LOCAL, Float.NaN)).isEqualTo(3);
    assertThat(blocks.first(Reason.LOCAL, Float.POSITIVE_INFINITY)).isEqualTo(1);
    assertThat(blocks.first(Reason.LOCAL, Float.NEGATIVE_INFINITY)).isEqualTo(3);
  }
}
