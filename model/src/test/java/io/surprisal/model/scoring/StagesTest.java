package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.diffusion.DiffusionTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StagesTest {
  @Test
  void shouldNestEachStageInTheNext() {
    Stages stages = new Stages(List.of(2, 4, 12));

    assertThat(stages.evaluations()).isEqualTo(12);
    assertThat(stages.order()).containsExactly(0, 6, 3, 9, 1, 2, 4, 5, 7, 8, 10, 11);
    assertThat(stages.next(0)).isEqualTo(2);
    assertThat(stages.next(2)).isEqualTo(4);
    assertThat(stages.next(12)).isEqualTo(12);
    assertThat(stages.ascending(4)).containsExactly(0, 2, 1, 3); // 0, 3, 6, 9
  }

  /** A stage that is no stratified sample of the times says little about the whole. */
  @ParameterizedTest
  @CsvSource({"'4,8,16'", "'2,16'", "'2,4,12'", "'3,6'", "'5'"})
  void shouldMakeEveryStageAStratifiedSampleOfTheTimes(String ends) {
    Stages stages = new Stages(Arrays.stream(ends.split(",")).map(Integer::valueOf).toList());
    double[] times = DiffusionTime.CONTINUOUS.times(stages.evaluations(), 1.0 / 64);
    for (int end : stages.ends()) {
      double[] ofStage =
          Arrays.stream(stages.order()).limit(end).mapToDouble(i -> times[i]).sorted().toArray();
      for (int i = 0; i < end; i++) {
        assertThat(ofStage[i]).isCloseTo(1.0 / 64 + i / (double) end, within(1e-12));
      }
    }
  }

  @Test
  void shouldMakeTheEvaluationsOfASingleStageInTheirOrder() {
    assertThat(Stages.single(3).order()).containsExactly(0, 1, 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "4,4", "8,4", "4,6"})
  void shouldRefuseStagesThatDoNotNest(String ends) {
    List<Integer> numbers =
        ends.isEmpty() ? List.of() : Arrays.stream(ends.split(",")).map(Integer::valueOf).toList();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Stages(numbers))
        .withMessageContaining("stage");
  }
}
