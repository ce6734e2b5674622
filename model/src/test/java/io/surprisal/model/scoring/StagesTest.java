package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
