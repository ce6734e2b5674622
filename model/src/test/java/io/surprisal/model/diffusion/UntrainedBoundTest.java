package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.DataType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Denoisers that know nothing: their diffusion loss depends on the data's E[x²] at most. */
class UntrainedBoundTest {
  private static final int[] STEPS = {10, 100, 1000, 0};

  /** ε̂ = z, as an untrained network is. */
  @ParameterizedTest
  @CsvSource({
    "-13.3, 5, 0.33332824707, 19.6596072114, 8.1434344208, 7.5445481111, 7.4818039411",
    "-13.3, 5, 0.5, 22.6110059271, 9.3507700772, 8.6617899275, 8.5896116081",
    "-10, 10, 0.25, 13.6081859505, 5.3306505854, 4.9200122303, 4.8771587313",
    "-6, 7, 0.33332824707, 4.7516263245, 2.8536014815, 2.7259121343, 2.7122462307",
    "-6, 7, 0.5, 5.6677662807, 3.3819473810, 3.2287794557, 3.2123918450"
  })
  void shouldGiveTheClosedFormWhereTheNoiseIsTakenForZ(
      double gammaMin,
      double gammaMax,
      double secondMoment,
      double ten,
      double hundred,
      double thousand,
      double continuous) {
    NoiseSchedule schedule = LinearSchedule.fixed(gammaMin, gammaMax);
    Denoiser denoiser = (z, gamma) -> z;
    double[] expected = {ten, hundred, thousand, continuous};
    for (int i = 0; i < STEPS.length; i++) {
      DiffusionTime time = new DiffusionTime(STEPS[i]);
      assertThat(
              PixelExpectation.gaussian(DataType.FLOAT64, secondMoment)
                  .diffusion(schedule, denoiser, time))
          .as("T = %d", STEPS[i])
          .isCloseTo(expected[i], within(1e-9));
      assertThat(
              PixelExpectation.gaussian(DataType.FLOAT32, secondMoment)
                  .diffusion(schedule, denoiser, time))
          .isCloseTo(expected[i], within(1e-5 * expected[i]));
    }
  }

  /** ε̂ = 0: L_T = T/2 expm1((γ₁ − γ₀)/T), L_∞ = (γ₁ − γ₀)/2, whatever the data. */
  @ParameterizedTest
  @CsvSource({"-13.3, 5, 0.3", "-10, 10, 1", "-6, 7, 0.01"})
  void shouldGiveTheClosedFormWhereNoNoiseIsSeen(
      double gammaMin, double gammaMax, double secondMoment) {
    NoiseSchedule schedule = LinearSchedule.fixed(gammaMin, gammaMax);
    double range = gammaMax - gammaMin;
    for (int steps : STEPS) {
      double expected = steps == 0 ? range / 2 : steps / 2.0 * Math.expm1(range / steps);
      assertThat(
              PixelExpectation.gaussian(DataType.FLOAT64, secondMoment)
                  .diffusion(schedule, (z, gamma) -> z.mul(0), new DiffusionTime(steps)))
          .isCloseTo(expected, within(1e-9 * expected));
    }
  }
}
