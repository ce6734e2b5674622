package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class NoiseTimesTest {

  @Property(tries = 500, seed = "1")
  void shouldPutOneTimeIntoEachStratum(
      @ForAll @IntRange(min = 1, max = 3000) int n,
      @ForAll @Scale(9) @DoubleRange(min = 0, max = 1, maxIncluded = false) double u) {
    double[] times = NoiseTimes.stratified(n, u);
    Arrays.sort(times);
    assertThat(times).hasSize(n);
    assertThat(times[0]).isBetween(0.0, 1.0 / n);
    assertThat(times[n - 1]).isLessThan(1);
    for (int i = 0; i < n; i++) {
      assertThat(times[i] - times[0]).isCloseTo(i / (double) n, within(1e-12));
    }
  }

  /**
   * Where i/n is summed up in floating point, a range from 0 to 1 has n + 1 values for some n; 49
   * is the smallest.
   */
  @Test
  void shouldMakeExactlyAsManyTimesAsAskedFor() {
    assertThat(49 * (1 / 49.0)).isLessThan(1);
    for (int n = 1; n <= 2000; n++) {
      assertThat(NoiseTimes.stratified(n, 0)).hasSize(n).doesNotHaveDuplicates();
    }
  }

  @Property(tries = 200, seed = "2")
  void shouldNestPowersOfTwo(
      @ForAll @IntRange(min = 1, max = 12) int exponent,
      @ForAll @Scale(9) @DoubleRange(min = 0, max = 1, maxIncluded = false) double u) {
    int n = 1 << exponent;
    assertThat(Arrays.copyOf(NoiseTimes.stratified(n, u), n / 2))
        .isEqualTo(NoiseTimes.stratified(n / 2, u));
  }

  @Test
  void shouldStartAtTheOffset() {
    assertThat(NoiseTimes.stratified(4, 0.9)[0]).isEqualTo(0.9);
    assertThat(NoiseTimes.stratified(5, 0.9)[0]).isEqualTo(0.9);
  }
}
