package io.surprisal.model.scoring;

/** Means over squares of an image of numbers, from its sums up to each pixel. */
public final class BoxMeans {
  private final double[] sums;
  private final int stride;

  /**
   * Of numbers.
   *
   * @param values row by row, {@code height × width}
   */
  public BoxMeans(int height, int width, float[] values) {
    stride = width + 1;
    sums = new double[(height + 1) * stride];
    for (int y = 0; y < height; y++) {
      double row = 0;
      for (int x = 0; x < width; x++) {
        row += values[y * width + x];
        sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
      }
    }
  }

  /** Over the square that begins at a pixel. */
  public double of(int top, int left, int side) {
    return of(top, left, side, side);
  }

  /** Over the rectangle that begins at a pixel. */
  double of(int top, int left, int height, int width) {
    int above = top * stride + left;
    int below = (top + height) * stride + left;
    return (sums[below + width] - sums[below] - sums[above + width] + sums[above])
        / ((double) height * width);
  }
}
