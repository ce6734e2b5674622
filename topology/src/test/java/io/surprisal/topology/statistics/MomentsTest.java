package io.surprisal.topology.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class MomentsTest {

  /** Sample standard deviation of 2, 4, 4, 4, 5, 5, 7, 9: √(32/7). */
  @Test
  void shouldGiveMeanAndDeviationOfASample() {
    Moments moments = of(2, 4, 4, 4, 5, 5, 7, 9);

    assertThat(moments.count()).isEqualTo(8);
    assertThat(moments.mean()).isCloseTo(5, within(1e-12));
    assertThat(moments.standardDeviation().orElseThrow())
        .isCloseTo(Math.sqrt(32.0 / 7), within(1e-12));
    assertThat(moments.standardError().orElseThrow())
        .isCloseTo(Math.sqrt(32.0 / 7 / 8), within(1e-12));
  }

  @Test
  void shouldGiveNoDeviationOfFewerThanTwo() {
    assertThat(Moments.NONE.standardDeviation()).isEmpty();
    assertThat(of(3).standardError()).isEmpty();
  }

  /** Sums of squares would lose all digits: 1e9² is 1e18, a double has 16 digits. */
  @Test
  void shouldLoseNoDigitsWhereTheMeanIsLarge() {
    double[] small = new Random(1).doubles(1000).toArray();
    double[] large = DoubleStream.of(small).map(value -> value + 1e9).toArray();

    assertThat(of(large).standardDeviation().orElseThrow())
        .isCloseTo(of(small).standardDeviation().orElseThrow(), within(1e-6));
  }

  private static Moments of(double... values) {
    Moments moments = Moments.NONE;
    for (double value : values) {
      moments = moments.with(value);
    }
    return moments;
  }
}
