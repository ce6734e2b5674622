package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HistogramTest {

  @Test
  void shouldCountEveryValueOnce() {
    Histogram histogram = Histogram.of(new double[] {0, 0.9, 1, 2.5, 4}, 0, 4, 4);

    assertThat(histogram.counts()).containsExactly(2, 1, 1, 1);
    assertThat(histogram.tallest()).isEqualTo(2);
  }

  @Test
  void shouldGoAlongTheTopsOfTheBarsFromTheGroundToTheGround() {
    Histogram histogram = new Histogram(-1, 5, new int[] {3, 0, 2});

    assertThat(histogram.outlineX()).containsExactly(-1, -1, 1, 1, 3, 3, 5, 5);
    assertThat(histogram.outlineY()).containsExactly(0, 3, 3, 0, 0, 2, 2, 0);
  }
}
