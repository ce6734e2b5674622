package io.surprisal.model.compression;

/**
 * Φ by a table, the same on every machine: {@code Math.exp} may differ in the last bit between
 * them. Linear between points 1/1024 apart, which is off by less than 3e-8.
 */
final class NormalDistribution {
  /** Deviations from the mean on either side that the table knows. */
  static final int REACH = 6;

  private static final int POINTS = 1024;
  private static final double[] TABLE = table();

  private NormalDistribution() {}

  /**
   * Φ(u), never decreasing.
   *
   * @return 0 to 1; exactly those beyond {@link #REACH}
   */
  static double cumulative(double u) {
    double at = (u + REACH) * POINTS;
    if (!(at > 0)) {
      return 0;
    }
    int below = (int) at;
    if (below >= TABLE.length - 1) {
      return 1;
    }
    return TABLE[below] + (at - below) * (TABLE[below + 1] - TABLE[below]);
  }

  /** Simpson's rule between the points, scaled to end at 1. */
  private static double[] table() {
    double[] table = new double[2 * REACH * POINTS + 1];
    for (int i = 1; i < table.length; i++) {
      double from = (i - 1) / (double) POINTS - REACH;
      double step = 1.0 / POINTS;
      double area =
          (density(from) + 4 * density(from + step / 2) + density(from + step)) * step / 6;
      table[i] = table[i - 1] + area;
    }
    double whole = table[table.length - 1];
    for (int i = 0; i < table.length; i++) {
      table[i] /= whole;
    }
    return table;
  }

  private static double density(double u) {
    return StrictMath.exp(-u * u / 2) / StrictMath.sqrt(2 * Math.PI);
  }
}
