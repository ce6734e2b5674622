package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class DiffusionTimeTest {
  private static final NoiseSchedule SCHEDULE = new CosineSchedule(-13.3, 5);

  @Test
  void shouldWeighBySlopeInContinuousTime() {
    DiffusionTime time = DiffusionTime.CONTINUOUS;
    assertThat(time.continuous()).isTrue();
    assertThat(time.at(0.3)).isEqualTo(0.3);
    assertThat(time.weight(SCHEDULE, 0.3)).isEqualTo(0.5 * SCHEDULE.derivative(0.3));
    assertThat(time.times(5, 0.9)).isEqualTo(NoiseTimes.stratified(5, 0.9));
  }

  /** T/2 (e^{γ_t − γ_s} − 1), which is T/2 (SNR(s)/SNR(t) − 1). */
  @Test
  void shouldWeighBySnrInDiscreteTime() {
    DiffusionTime time = new DiffusionTime(7);
    for (int step = 1; step <= 7; step++) {
      double snrT = Math.exp(-SCHEDULE.gamma(step / 7.0));
      double snrS = Math.exp(-SCHEDULE.gamma((step - 1) / 7.0));
      double expected = 3.5 * (snrS / snrT - 1);
      assertThat(time.weight(SCHEDULE, step / 7.0)).isCloseTo(expected, within(1e-9 * expected));
    }
    assertThat(time.before(1 / 7.0)).isZero();
    assertThat(time.before(1)).isCloseTo(6 / 7.0, within(1e-15));
  }

  /** Small steps weigh what continuous time does. */
  @Test
  void shouldApproachContinuousTime() {
    double continuous = DiffusionTime.CONTINUOUS.weight(SCHEDULE, 0.4);
    assertThat(new DiffusionTime(10_000_000).weight(SCHEDULE, 0.4))
        .isCloseTo(continuous, within(1e-5 * continuous));
  }

  @Test
  void shouldRoundUpToAStep() {
    DiffusionTime time = new DiffusionTime(4);
    assertThat(time.at(0)).isEqualTo(1);
    assertThat(time.at(0.1)).isEqualTo(0.25);
    assertThat(time.at(0.25)).isEqualTo(0.25);
    assertThat(time.at(0.26)).isEqualTo(0.5);
    assertThat(time.at(Math.nextDown(1.0))).isEqualTo(1);
    assertThat(new DiffusionTime(1).at(0.4)).isEqualTo(1);
  }

  @Property(tries = 500, seed = "3")
  void shouldTakeEveryStepOnceInAFullSum(
      @ForAll @IntRange(min = 1, max = 1500) int steps,
      @ForAll @Scale(9) @DoubleRange(min = 0, max = 1, maxIncluded = false) double u) {
    assertThat(stepsOf(steps, new DiffusionTime(steps).times(steps, u)))
        .containsExactly(upTo(steps));
  }

  /** K < T: no step twice, and the steps as far apart as T/K whole steps allow. */
  @Property(tries = 1000, seed = "4")
  void shouldStratifyWithoutRepetition(
      @ForAll @IntRange(min = 1, max = 1500) int steps,
      @ForAll @IntRange(min = 1, max = 1500) int evaluations,
      @ForAll @Scale(9) @DoubleRange(min = 0, max = 1, maxIncluded = false) double u) {
    int k = Math.min(steps, evaluations);
    long[] taken = stepsOf(steps, new DiffusionTime(steps).times(k, u));
    assertThat(taken).hasSize(k).doesNotHaveDuplicates();
    assertThat(taken[0]).isBetween(1L, (long) steps);
    double stride = steps / (double) k;
    for (int i = 0; i < k; i++) {
      long next = i + 1 < k ? taken[i + 1] : taken[0] + steps;
      assertThat((double) next - taken[i]).isBetween(Math.floor(stride), Math.ceil(stride));
    }
  }

  /** Over u each step is taken equally often, so the estimate is without bias. */
  @Test
  void shouldTakeEachStepEquallyOften() {
    DiffusionTime time = new DiffusionTime(12);
    int[] counts = new int[13];
    int offsets = 1200;
    for (int i = 0; i < offsets; i++) {
      for (long step : stepsOf(12, time.times(5, (i + 0.5) / offsets))) {
        counts[(int) step]++;
      }
    }
    assertThat(Arrays.copyOfRange(counts, 1, 13)).containsOnly(5 * offsets / 12);
  }

  @Test
  void shouldRefuseNegativeSteps() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiffusionTime(-1))
        .withMessageContaining("timesteps is -1");
  }

  /** The steps i = t T in order, which must be whole numbers. */
  private static long[] stepsOf(int steps, double[] times) {
    return Arrays.stream(times)
        .mapToLong(
            t -> {
              assertThat(t * steps).isCloseTo(Math.rint(t * steps), within(1e-9));
              return Math.round(t * steps);
            })
        .sorted()
        .toArray();
  }

  private static long[] upTo(int steps) {
    long[] all = new long[steps];
    Arrays.setAll(all, i -> i + 1);
    return all;
  }
}
