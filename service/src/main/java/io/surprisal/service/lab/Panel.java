package io.surprisal.service.lab;

import java.util.Arrays;
import java.util.List;

/**
 * One chart of a {@link Figure}, as numbers.
 *
 * @param title above the chart
 * @param xAxis what x is, with its unit
 * @param curves to draw, at most six on one y axis, or two with one each; none where the numbers
 *     are missing
 * @param absence what is said in place of the chart where there are no curves
 */
record Panel(String title, String xAxis, List<Curve> curves, String absence) {
  private static final double DECADE = 10;

  /** How a curve is drawn. */
  enum Style {
    /** A line through what was measured. */
    LINE,
    /** A broken line, there to compare others with. */
    REFERENCE,
    /** The outline of bars, filled. */
    BARS
  }

  /**
   * One curve.
   *
   * @param name in the legend
   * @param yAxis what y is, with its unit; curves of the same share an axis
   * @param style how it is drawn
   * @param x finite, ascending, at least one
   * @param y of each x, finite
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Curve(String name, String yAxis, Style style, double[] x, double[] y) {

    private boolean positive() {
      return Arrays.stream(y).allMatch(value -> value > 0);
    }

    private boolean spansADecade() {
      return Arrays.stream(y).max().orElse(1) > DECADE * Arrays.stream(y).min().orElse(1);
    }
  }

  /**
   * Whether the y axes are better logarithmic: all y allow it, and those of one curve span much.
   */
  boolean logarithmic() {
    return curves.stream().allMatch(Curve::positive)
        && curves.stream().anyMatch(Curve::spansADecade);
  }

  /** The titles of the y axes, left before right. */
  List<String> yAxes() {
    return curves.stream().map(Curve::yAxis).distinct().toList();
  }
}
