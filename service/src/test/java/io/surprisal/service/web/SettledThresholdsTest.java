package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SettledThresholdsTest {

  private static SeenScore score(int at, @Nullable Double threshold) {
    return new SeenScore(at, 3, threshold, false, false, "image-" + at, "release", null);
  }

  /** 3.0 before 200, 4.0 from 300 on; between them more and more of the second. Seed 1. */
  private static List<SeenScore> handover() {
    Random random = new Random(1);
    return IntStream.range(0, 500)
        .mapToObj(i -> score(i, random.nextInt(200, 300) < i ? 4.0 : 3.0))
        .toList();
  }

  private static long changes(List<@Nullable Double> values) {
    return IntStream.range(1, values.size())
        .filter(i -> !values.get(i).equals(values.get(i - 1)))
        .count();
  }

  @Test
  void shouldChangeOnceWhereOneReleaseTakesOverFromAnother() {
    List<SeenScore> scores = handover();
    assertThat(changes(new ArrayList<>(scores.stream().map(SeenScore::threshold).toList())))
        .isGreaterThan(20);

    List<@Nullable Double> settled = SettledThresholds.of(scores);

    assertThat(settled).hasSameSizeAs(scores);
    assertThat(changes(settled)).isLessThanOrEqualTo(5);
    assertThat(settled.subList(0, 200)).containsOnly(3.0);
    assertThat(settled.subList(300, 500)).containsOnly(4.0);
  }

  @Test
  void shouldFollowAThresholdThatIsSetAnewAtOnce() {
    List<SeenScore> scores =
        IntStream.range(0, 200).mapToObj(i -> score(i, i < 120 ? 3.0 : 2.0)).toList();
    assertThat(SettledThresholds.of(scores))
        .isEqualTo(scores.stream().map(SeenScore::threshold).toList());
  }

  @Test
  void shouldHaveNoneWhereThereIsNone() {
    List<SeenScore> scores =
        IntStream.range(0, 100).mapToObj(i -> score(i, i < 50 ? null : Double.valueOf(3))).toList();
    assertThat(SettledThresholds.of(scores).subList(0, 49)).containsOnlyNulls();
    assertThat(SettledThresholds.of(scores).subList(52, 100)).containsOnly(3.0);
    assertThat(SettledThresholds.of(List.of())).isEmpty();
    assertThat(SettledThresholds.of(List.of(score(1, null)))).containsExactly((Double) null);
  }
}
