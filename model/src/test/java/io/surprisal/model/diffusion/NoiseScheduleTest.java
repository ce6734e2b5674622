package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseScheduleTest {
  private static final float[] NORMALISED = monotone(true);
  private static final float[] FREE = monotone(false);

  /** γ₀, w, k₁, or b₁, k₁; then k₂, b and k₃, so large that the schedule bends. */
  private static float[] monotone(boolean normalised) {
    Random random = new Random(8);
    float[] parameters = new float[(normalised ? 3 : 2) + 3 * 1024];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) (4 * random.nextGaussian());
    }
    parameters[0] = -12.5f;
    parameters[1] = normalised ? -17 : -5;
    return parameters;
  }

  static Stream<Arguments> schedules() {
    return Stream.of(
        Arguments.of("fixed linear", LinearSchedule.fixed(-13.3, 5), -13.3, 5),
        Arguments.of("learned linear", LinearSchedule.learned(-13.3, 18.3), -13.3, 5),
        Arguments.of("learned linear, w < 0", LinearSchedule.learned(-6, -13), -6, 7),
        Arguments.of("cosine", new CosineSchedule(-13.3, 5), -13.3, 5),
        Arguments.of("cosine, narrow", new CosineSchedule(-1, 1), -1, 1),
        Arguments.of("β-linear", new BetaLinearSchedule(-9, 5), -9, 5),
        Arguments.of("β-linear from below its start", new BetaLinearSchedule(-13.3, 5), -13.3, 5),
        Arguments.of("monotone", MonotoneSchedule.normalised(NORMALISED), -12.5, 4.5),
        Arguments.of("free monotone", MonotoneSchedule.free(FREE), Double.NaN, Double.NaN));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("schedules")
  void shouldMeetItsEndPoints(String name, NoiseSchedule schedule, double start, double end) {
    if (!Double.isNaN(start)) {
      assertThat(schedule.gammaAtZero()).isCloseTo(start, within(1e-9));
      assertThat(schedule.gammaAtOne()).isCloseTo(end, within(1e-9));
    }
    assertThat(schedule.gamma(new double[] {0, 0.3, 1}))
        .containsExactly(schedule.gammaAtZero(), schedule.gamma(0.3), schedule.gammaAtOne());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("schedules")
  void shouldRise(String name, NoiseSchedule schedule) {
    for (int i = 1; i <= 1000; i++) {
      assertThat(schedule.gamma(i / 1000.0)).isGreaterThan(schedule.gamma((i - 1) / 1000.0));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("schedules")
  void shouldKnowItsDerivative(String name, NoiseSchedule schedule) {
    double h = 1e-5;
    for (int i = 1; i < 100; i++) {
      double t = i / 100.0;
      double expected = (schedule.gamma(t + h) - schedule.gamma(t - h)) / (2 * h);
      assertThat(schedule.derivative(t)).isCloseTo(expected, within(1e-5 * expected));
    }
    // at the ends the schedule is not defined beyond
    double first = (-3 * schedule.gamma(0) + 4 * schedule.gamma(h) - schedule.gamma(2 * h)) / 2 / h;
    double last =
        (3 * schedule.gamma(1) - 4 * schedule.gamma(1 - h) + schedule.gamma(1 - 2 * h)) / 2 / h;
    assertThat(schedule.derivative(0)).isCloseTo(first, within(1e-4 * Math.abs(first) + 2e-5));
    assertThat(schedule.derivative(1)).isCloseTo(last, within(1e-4 * Math.abs(last) + 2e-5));
  }

  /** γ of the paper's comparison schedules at their own ends and middle. */
  @Test
  void shouldFollowThePapersFormulas() {
    double cosineStart = 2 * Math.log(Math.tan(0.05 * Math.PI / 2));
    double cosineEnd = 2 * Math.log(Math.tan(0.95 * Math.PI / 2));
    assertThat(new CosineSchedule(cosineStart, cosineEnd).gamma(0.25))
        .isCloseTo(2 * Math.log(Math.tan(0.275 * Math.PI / 2)), within(1e-12));
    double betaStart = Math.log(Math.expm1(1e-4));
    double betaEnd = Math.log(Math.expm1(1e-4 + 10));
    assertThat(new BetaLinearSchedule(betaStart, betaEnd).gamma(0.5))
        .isCloseTo(Math.log(Math.expm1(1e-4 + 2.5)), within(1e-9));
  }

  @Test
  void shouldRefuseABetaLinearScheduleBelowItsReach() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BetaLinearSchedule(-13.3, -10))
        .withMessageContaining("it cannot go from -13.3 to -10");
  }

  @ParameterizedTest
  @EnumSource(Schedule.class)
  void shouldStartAtTheConfiguredEndPoints(Schedule schedule) {
    ModelConfiguration configuration = TinyModels.configuration(1, 8, 8, List.of(), schedule);
    NoiseSchedule initial =
        NoiseSchedule.of(configuration, InitialParameters.draw(configuration, 1));
    // the free network's 1,024 small units add a little of their own
    double tolerance = schedule == Schedule.LEARNED_MONOTONE_FREE ? 1e-3 : 1e-6;
    assertThat(initial.gammaAtZero()).isCloseTo(-13.3, within(tolerance));
    assertThat(initial.gammaAtOne()).isCloseTo(5, within(tolerance));
  }

  /** A learned schedule as a function of its parameters. */
  private record Learned(
      String name, float[] parameters, Function<float[], NoiseSchedule> schedule) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Learned> learnedSchedules() {
    Function<float[], NoiseSchedule> linear = p -> LinearSchedule.learned(p[0], p[1]);
    return Stream.of(
        new Learned("linear", new float[] {-13, 18}, linear),
        new Learned("linear, w < 0", new float[] {-6, -13}, linear),
        new Learned("monotone", NORMALISED, MonotoneSchedule::normalised),
        new Learned("free monotone", FREE, MonotoneSchedule::free));
  }

  @ParameterizedTest
  @MethodSource("learnedSchedules")
  void shouldKnowItsGradient(Learned learned) {
    for (double t : new double[] {0, 0.02, 0.4, 0.93, 1}) {
      NoiseSchedule schedule = learned.schedule().apply(learned.parameters());
      double[] byGamma = new double[learned.parameters().length];
      double[] byDerivative = new double[learned.parameters().length];
      schedule.addGradient(t, 1, 0, byGamma);
      schedule.addGradient(t, 0, 1, byDerivative);
      double[] sum = byGamma.clone();
      schedule.addGradient(t, -2, 3, sum);
      for (int i = 0; i < byGamma.length; i += i < 5 ? 1 : 61) {
        assertThat(byGamma[i])
            .as("∂γ(%s)/∂η%d", t, i)
            .isCloseTo(difference(learned, i, s -> s.gamma(t)), within(2e-5));
        assertThat(byDerivative[i])
            .as("∂γ′(%s)/∂η%d", t, i)
            .isCloseTo(difference(learned, i, s -> s.derivative(t)), within(2e-4));
        assertThat(sum[i]).isCloseTo(-byGamma[i] + 3 * byDerivative[i], within(1e-9));
      }
    }
  }

  /** Central difference in one parameter; the step is what floats make of it. */
  private static double difference(
      Learned learned, int index, Function<NoiseSchedule, Double> value) {
    float[] up = learned.parameters().clone();
    float[] down = learned.parameters().clone();
    up[index] += 0.004f;
    down[index] -= 0.004f;
    double rise =
        value.apply(learned.schedule().apply(up)) - value.apply(learned.schedule().apply(down));
    return rise / ((double) up[index] - down[index]);
  }

  /** End points and interior divide the parameters, and the gradient, between them. */
  @Test
  void shouldKeepEndPointsAndInteriorApart() {
    MonotoneSchedule schedule = MonotoneSchedule.normalised(NORMALISED);
    double[] endPoints = new double[NORMALISED.length];
    double[] interior = new double[NORMALISED.length];
    double[] both = new double[NORMALISED.length];
    schedule.addEndPointGradient(0.3, 0.7, -0.2, endPoints);
    schedule.addInteriorGradient(0.3, 0.7, -0.2, interior);
    schedule.addGradient(0.3, 0.7, -0.2, both);
    for (int i = 0; i < both.length; i++) {
      assertThat(both[i]).isEqualTo(i < 2 ? endPoints[i] : interior[i]);
      assertThat(i < 2 ? interior[i] : endPoints[i]).isZero();
    }
    // the interior moves neither end
    for (double end : new double[] {0, 1}) {
      double[] gradient = new double[NORMALISED.length];
      schedule.addInteriorGradient(end, 1, 0, gradient);
      assertThat(gradient).containsOnly(new double[NORMALISED.length], within(1e-12));
    }
  }

  @Test
  void shouldLearnNothingWhereItIsFixed() {
    for (NoiseSchedule fixed :
        List.of(
            LinearSchedule.fixed(-13.3, 5),
            new CosineSchedule(-13.3, 5),
            new BetaLinearSchedule(-13.3, 5))) {
      double[] gradient = {0};
      fixed.addGradient(0.5, 1, 1, gradient);
      assertThat(gradient).containsExactly(0);
    }
  }
}
