package io.surprisal.model.diffusion;

/** Low-discrepancy times in [0, 1): t_i = (u + i/n) mod 1 (arXiv 2107.00630, appendix I.1). */
public final class NoiseTimes {
  private NoiseTimes() {}

  /**
   * Stratified times with a common offset.
   *
   * <p>For n a power of two they come in the order of the van der Corput sequence, so that the
   * first n/2 are exactly the times of n/2: stages of an evaluation are nested.
   *
   * @param n how many
   * @param u offset in [0, 1)
   */
  public static double[] stratified(int n, double u) {
    boolean nested = Integer.bitCount(n) == 1;
    double[] times = new double[n];
    for (int i = 0; i < n; i++) {
      double position =
          nested ? Integer.toUnsignedLong(Integer.reverse(i)) * 0x1p-32 : i / (double) n;
      times[i] = (u + position) % 1.0;
    }
    return times;
  }
}
