package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LeastSquaresTest {
  /** Without noise, coefficients that are piecewise linear in t are found exactly. */
  @Test
  void shouldFindCoefficientsThatArePiecewiseLinear() {
    LeastSquares squares = new LeastSquares(3, 2);
    Random random = new Random(3);
    for (int i = 0; i < 500; i++) {
      double t = random.nextDouble();
      double[] x = {random.nextGaussian(), 5 + random.nextGaussian()};
      double first = t < 0.5 ? 4 * t : 4 - 4 * t; // 0, 2, 0
      double second = 1 - t; // 1, ½, 0
      squares.add(t, x, first * x[0] + second * x[1]);
    }
    List<List<Double>> coefficients = squares.solve(1e-12);
    assertThat(coefficients.get(0).get(0)).isCloseTo(0, within(1e-6));
    assertThat(coefficients.get(1).get(0)).isCloseTo(2, within(1e-6));
    assertThat(coefficients.get(2).get(0)).isCloseTo(0, within(1e-6));
    assertThat(coefficients.get(0).get(1)).isCloseTo(1, within(1e-6));
    assertThat(coefficients.get(1).get(1)).isCloseTo(0.5, within(1e-6));
    assertThat(coefficients.get(2).get(1)).isCloseTo(0, within(1e-6));
  }

  @Test
  void shouldLeaveARegressorThatIsAlwaysZeroAlone() {
    LeastSquares squares = new LeastSquares(2, 2);
    for (int i = 0; i < 10; i++) {
      squares.add(i / 10.0, new double[] {1, 0}, 3);
    }
    List<List<Double>> coefficients = squares.solve(1e-9);
    assertThat(coefficients.get(0).get(0)).isCloseTo(3, within(1e-3));
    assertThat(coefficients.get(0).get(1)).isZero();
  }
}
