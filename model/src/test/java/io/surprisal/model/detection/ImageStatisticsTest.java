package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ImageStatisticsTest {
  private static final int K = 2;

  private static ImageLikelihood image(double bitsPerDim, double reconstruction) {
    return new ImageLikelihood(
        bitsPerDim, 0, 0, 0, reconstruction, new float[K], new float[] {1, 1}, K, 1);
  }

  private static float[] oneTo(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i + 1;
    }
    return values;
  }

  /** Traits other than the reconstruction term do not count. */
  private static Typicality typicality() {
    List<List<Double>> inverse = new ArrayList<>();
    for (int i = 0; i < K + 2; i++) {
      List<Double> row = new ArrayList<>();
      for (int j = 0; j < K + 2; j++) {
        row.add(i == K && j == K ? 1.0 : 0.0);
      }
      inverse.add(row);
    }
    return new Typicality(List.of(0.0, 0.0, 0.0, 0.0), inverse);
  }

  @Test
  void shouldHaveBitsAloneWithoutACalibration() {
    ImageStatistics statistics = ImageStatistics.of(Optional.empty());

    assertThat(statistics.of(image(3, 0), Optional.empty()))
        .containsExactlyEntriesOf(Map.of(Statistic.BITS_PER_DIM, 3.0));
    assertThat(statistics.absent())
        .containsOnlyKeys(Statistic.TYPICALITY, Statistic.LOCAL, Statistic.COMBINED);
    assertThat(statistics.absent().get(Statistic.COMBINED)).contains("surprisal calibrate");
  }

  @Test
  void shouldCombineToTheRarest() {
    ImageStatistics statistics =
        ImageStatistics.of(
            Optional.of(
                new Calibration(
                    K,
                    "float32",
                    oneTo(99),
                    List.of(),
                    LossProfile.UNMEASURED,
                    Optional.empty(),
                    Optional.of(typicality()),
                    oneTo(99))));

    // bits/dim of 50 have a p-value of 51/100, an untypicality of 9² one of 20/100
    Map<Statistic, Double> values = statistics.of(image(50, 9), Optional.empty());
    assertThat(values.get(Statistic.BITS_PER_DIM)).isEqualTo(50);
    assertThat(values.get(Statistic.TYPICALITY)).isEqualTo(81);
    assertThat(values.get(Statistic.COMBINED)).isCloseTo(-Math.log(0.20), within(1e-12));
    assertThat(statistics.absent()).containsOnlyKeys(Statistic.LOCAL);
    assertThat(statistics.of(image(98, 9), Optional.empty()).get(Statistic.COMBINED))
        .isCloseTo(-Math.log(0.03), within(1e-12));
  }

  /** At the calibration values it is the conformal p-value; more is never less rare. */
  @Property(tries = 300, seed = "1")
  void shouldAgreeWithThePValueAndGrow(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(max = 9) Integer> calibration,
      @ForAll @DoubleRange(min = -1, max = 12) double one,
      @ForAll @DoubleRange(min = -1, max = 12) double other) {
    float[] values = new float[calibration.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = calibration.get(i);
    }
    Survival survival = Survival.of(values);
    for (float value : values) {
      long atLeast = calibration.stream().filter(v -> v >= value).count();
      assertThat(survival.surprise(value))
          .isCloseTo(-Math.log((1.0 + atLeast) / (values.length + 1)), within(1e-12));
    }
    double low = Math.min(one, other);
    double high = Math.max(one, other);
    assertThat(survival.surprise(high)).isGreaterThanOrEqualTo(survival.surprise(low));
    double largest = calibration.stream().mapToInt(v -> v).max().orElseThrow();
    if (high > largest && high > low) {
      assertThat(survival.surprise(high)).isGreaterThan(survival.surprise(low));
    }
    assertThat(survival.surprise(Double.NEGATIVE_INFINITY)).isZero();
  }

  /** Beyond 1 to 99, the ten largest exceed the one before them by 5.5 on average. */
  @Test
  void shouldFallExponentiallyBeyondTheLargest() {
    Survival survival = Survival.of(oneTo(99));

    assertThat(survival.surprise(99 + 5.5) - survival.surprise(99)).isCloseTo(1, within(1e-12));
    assertThat(survival.surprise(49.5))
        .isCloseTo((survival.surprise(49) + survival.surprise(50)) / 2, within(1e-12));
  }
}
