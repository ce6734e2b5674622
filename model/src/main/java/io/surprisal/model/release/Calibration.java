package io.surprisal.model.release;

import java.util.Arrays;
import java.util.List;

/**
 * What normal, held-out images score under a release, measured with the serving number of
 * evaluations and precision.
 *
 * @param evaluations K of the measurement
 * @param precision of the measurement, such as {@code float32}
 * @param bitsPerDim corrected scores of the calibration images, ascending
 * @param corrections for each K the bias of the release's fixed noise levels
 */
public record Calibration(
    int evaluations, String precision, float[] bitsPerDim, List<Correction> corrections) {

  /**
   * The bias that fixed noise levels bring at one K, subtracted from every score.
   *
   * @param evaluations K
   * @param bias mean of (fixed levels − random levels), bits/dim
   * @param standardError of {@code bias}, bits/dim
   */
  public record Correction(int evaluations, double bias, double standardError) {}

  public Calibration {
    bitsPerDim = bitsPerDim.clone();
    Arrays.sort(bitsPerDim);
    corrections = List.copyOf(corrections);
  }

  /** Number of calibration images. */
  public int images() {
    return bitsPerDim.length;
  }
}
