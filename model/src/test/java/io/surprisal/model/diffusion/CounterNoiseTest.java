package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CounterNoiseTest {
  private static final int N = 100_000;

  /** The known answers that come with Random123, the generator's first implementation. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void shouldGiveTheKnownAnswersOfPhilox(String counter, String key, String expected) {
    int[] c = words(counter);
    int[] k = words(key);
    int[] out = new int[4];
    new CounterNoise((long) k[1] << 32 | (k[0] & 0xffffffffL)).philox(c[0], c[1], c[2], c[3], out);
    assertThat(out).containsExactly(words(expected));
  }

  private static int[] words(String text) {
    return Arrays.stream(text.split(" ")).mapToInt(HexFormat::fromHexDigits).toArray();
  }

  /** Fails by chance with probability 7.5e-6. */
  @Test
  void shouldBeStandardNormal() {
    assertThat(
            NormalDistribution.kolmogorovSmirnov(gaussian(42, 7), NormalDistribution::cumulative))
        .isLessThan(2.5);
  }

  /** Fails by chance with probability 7.5e-6. */
  @Test
  void shouldBeUniformAcrossStreams() {
    CounterNoise noise = new CounterNoise(42);
    double[] sample = IntStream.range(0, N).mapToDouble(i -> noise.uniform((long) i)).toArray();
    assertThat(NormalDistribution.kolmogorovSmirnov(sample, u -> u)).isLessThan(2.5);
    assertThat(Arrays.stream(sample).allMatch(u -> u > 0 && u < 1)).isTrue();
  }

  /**
   * Correlations of values and of their squares are N(0, 1/n): |r| √n &gt; 5.5 has probability 4e-8
   * each, 1e-6 for all.
   */
  @Test
  void shouldHaveIndependentStreamsKeysAndPositions() {
    double[] reference = gaussian(42, 7);
    double[][] others = {
      gaussian(42, 8),
      gaussian(42, 7 | 1L << 32),
      gaussian(42, -1),
      gaussian(43, 7),
      gaussian(42 | 1L << 32, 7),
      gaussian(7, 42),
      shifted(reference, 1),
      shifted(reference, 2),
      shifted(reference, 4)
    };
    for (double[] other : others) {
      assertThat(Math.abs(correlation(reference, other)) * Math.sqrt(N)).isLessThan(5.5);
      assertThat(Math.abs(correlation(squares(reference), squares(other))) * Math.sqrt(N))
          .isLessThan(5.5);
    }
  }

  /** The start of a stream does not depend on how much of it is asked for, nor where it is put. */
  @Property(tries = 300, seed = "1")
  void shouldFillAPrefixOfOneEndlessStream(
      @ForAll long key,
      @ForAll long stream,
      @ForAll @IntRange(max = 40) int length,
      @ForAll @IntRange(max = 9) int offset) {
    CounterNoise noise = new CounterNoise(key);
    float[] whole = new float[64];
    noise.fillGaussian(stream, whole, 0, whole.length);
    float[] part = new float[64];
    noise.fillGaussian(stream, part, offset, length);
    float[] expected = new float[64];
    System.arraycopy(whole, 0, expected, offset, length);
    assertThat(part).isEqualTo(expected);
    for (float value : whole) {
      assertThat(value).isFinite();
    }
  }

  private static double[] gaussian(long key, long stream) {
    float[] values = new float[N];
    new CounterNoise(key).fillGaussian(stream, values, 0, N);
    return IntStream.range(0, N).mapToDouble(i -> values[i]).toArray();
  }

  private static double[] shifted(double[] values, int by) {
    return IntStream.range(0, N).mapToDouble(i -> values[(i + by) % N]).toArray();
  }

  private static double[] squares(double[] values) {
    return Arrays.stream(values).map(v -> v * v).toArray();
  }

  private static double correlation(double[] a, double[] b) {
    double meanA = Arrays.stream(a).average().orElseThrow();
    double meanB = Arrays.stream(b).average().orElseThrow();
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return ab / Math.sqrt(aa * bb);
  }
}
