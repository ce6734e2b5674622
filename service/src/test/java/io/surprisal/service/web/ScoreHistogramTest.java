package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ScoreHistogramTest {
  private static final List<Float> CALIBRATION = List.of(3f, 3.5f, 4f);

  @Test
  void shouldCountBothInTheSameBinsWithWhatLiesBeyondInTheLast() {
    ScoreHistogram histogram =
        ScoreHistogram.of(CALIBRATION, List.of(3.5, -7.0, 99.0, 98.0), OptionalDouble.empty());

    assertThat(histogram.calibration().stream().mapToInt(Integer::intValue).sum()).isEqualTo(3);
    assertThat(histogram.latest()).first().isEqualTo(1);
    assertThat(histogram.latest()).last().isEqualTo(2);
    int middle = histogram.latest().subList(1, 23).indexOf(1) + 1;
    assertThat(histogram.calibration().get(middle)).isEqualTo(1);
    assertThat(histogram.edges().get(middle)).isLessThanOrEqualTo(3.5);
    assertThat(histogram.edges().get(middle + 1)).isGreaterThan(3.5);
  }

  @Test
  void shouldReachBeyondTheThreshold() {
    ScoreHistogram histogram = ScoreHistogram.of(CALIBRATION, List.of(), OptionalDouble.of(6.0));

    assertThat(histogram.edges().get(0)).isLessThan(3.0);
    assertThat(histogram.edges().get(24)).isGreaterThan(6.0);
    assertThat(histogram.edges()).isSorted().hasSize(25);
  }

  @Test
  void shouldTakeACalibrationWhoseScoresAreAllTheSame() {
    ScoreHistogram histogram =
        ScoreHistogram.of(List.of(3f, 3f), List.of(3.0), OptionalDouble.empty());

    assertThat(histogram.calibration()).contains(2);
    assertThat(histogram.latest()).contains(1);
  }
}
