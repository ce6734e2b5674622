package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingRecordTest {

  @Test
  void shouldTellOverfittingFromWobbling() {
    assertThat(TrainingRecord.overfittedSince(List.of())).isEmpty();
    assertThat(TrainingRecord.overfittedSince(curve(5, 4, 3.5, 3.4))).isEmpty();
    assertThat(TrainingRecord.overfittedSince(curve(5, 3.4, 3.5, 3.6))).isEmpty(); // too early
    assertThat(TrainingRecord.overfittedSince(curve(5, 3.4, 3.402, 3.405, 3.408))).isEmpty();
    List<TrainingRecord.Point> risen = curve(5, 3.4, 3.42, 3.45, 3.5);
    assertThat(TrainingRecord.overfittedSince(risen)).contains(risen.get(1));
  }

  private static List<TrainingRecord.Point> curve(double... heldOut) {
    List<TrainingRecord.Point> points = new ArrayList<>();
    for (double bitsPerDim : heldOut) {
      points.add(new TrainingRecord.Point(10L * points.size(), bitsPerDim, bitsPerDim, -13.3, 5));
    }
    return points;
  }
}
