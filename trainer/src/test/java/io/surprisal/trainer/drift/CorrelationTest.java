package io.surprisal.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorrelationTest {

  /** AR(1): τ = (1 + ρ)/(1 − ρ). Seeded; the tolerance is some four standard errors. */
  @ParameterizedTest
  @CsvSource({"0, 100000", "0.5, 100000", "0.9, 200000", "0.99, 1000000"})
  void shouldMeasureTheCorrelationTime(double rho, int images) {
    Correlation correlation = new Correlation(List.of());
    Random random = new Random(5);
    double value = random.nextGaussian();
    for (int i = 0; i < images; i++) {
      correlation.add(value);
      value = rho * value + Math.sqrt(1 - rho * rho) * random.nextGaussian();
    }
    double time = (1 + rho) / (1 - rho);
    assertThat(correlation.time()).isCloseTo(time, within(0.3 * time));
  }

  @Test
  void shouldSayOneOfWhatDoesNotVaryAndOfNothing() {
    Correlation correlation = new Correlation(List.of());
    assertThat(correlation.time()).isEqualTo(1);
    for (int i = 0; i < 1000; i++) {
      correlation.add(0.5);
    }
    assertThat(correlation.time()).isEqualTo(1);
  }

  @Test
  void shouldGoOnFromItsLevelsAsIfItHadNeverStopped() {
    Correlation whole = new Correlation(List.of());
    Correlation restarted = new Correlation(List.of());
    Random random = new Random(6);
    for (int i = 0; i < 1000; i++) {
      double value = random.nextDouble();
      whole.add(value);
      restarted.add(value);
      if (i % 97 == 0) {
        restarted = new Correlation(restarted.levels());
      }
    }
    assertThat(restarted.levels()).isEqualTo(whole.levels());
    assertThat(whole.levels()).hasSize(10);
    assertThat(whole.levels().get(0).blocks()).isEqualTo(1000);
    assertThat(whole.levels().get(9).blocks()).isEqualTo(1);
  }
}
