package io.surprisal.model.release;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the calibration images score, an image at the same position everywhere, ascending in
 * bits/dim. Equal when every number is.
 *
 * @param bitsPerDim corrected scores, at least one
 * @param untypicality none where typicality was not measured
 * @param locality the largest standardised local evidence of each; none where it was not measured
 * @param sources where the images come from
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record CalibrationScores(
    float[] bitsPerDim, float[] untypicality, float[] locality, CalibrationSources sources) {

  /**
   * @throws IllegalArgumentException if there are no scores, one is not finite, or the numbers of
   *     images differ
   */
  public CalibrationScores {
    int n = bitsPerDim.length;
    requireCount("untypicalities", untypicality.length, n);
    requireCount("local statistics", locality.length, n);
    requireCount("sources", sources.of().length, n);
    float[] scores = bitsPerDim;
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted((i, j) -> Float.compare(scores[i], scores[j]))
            .mapToInt(i -> i)
            .toArray();
    bitsPerDim = inOrder(bitsPerDim, order);
    untypicality = inOrder(untypicality, order);
    locality = inOrder(locality, order);
    sources = sources.only(order);
    requireFinite("an untypicality", untypicality);
    requireFinite("a local statistic", locality);
    if (n == 0 || !Float.isFinite(bitsPerDim[0]) || !Float.isFinite(bitsPerDim[n - 1])) {
      throw new IllegalArgumentException(
          "calibration: " + n + " scores, must be at least one and all finite");
    }
  }

  private static void requireCount(String name, int values, int images) {
    if (values != 0 && values != images) {
      throw new IllegalArgumentException(
          "calibration: %d scores with %d %s".formatted(images, values, name));
    }
  }

  private static void requireFinite(String name, float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("calibration: " + name + " is " + value);
      }
    }
  }

  private static float[] inOrder(float[] values, int[] order) {
    if (values.length == 0) {
      return values;
    }
    float[] sorted = new float[order.length];
    for (int i = 0; i < order.length; i++) {
      sorted[i] = values[order[i]];
    }
    return sorted;
  }

  /**
   * Those of some images.
   *
   * @param which positions, at least one
   */
  public CalibrationScores only(int[] which) {
    return new CalibrationScores(
        inOrder(bitsPerDim, which),
        inOrder(untypicality, which),
        inOrder(locality, which),
        sources.only(which));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CalibrationScores that
        && Arrays.equals(bitsPerDim, that.bitsPerDim)
        && Arrays.equals(untypicality, that.untypicality)
        && Arrays.equals(locality, that.locality)
        && sources.equals(that.sources);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bitsPerDim);
  }
}
