package io.surprisal.model.detection;

import io.surprisal.model.scoring.EvidenceMap;

/** Means over squares of a map, from its sums up to each pixel. */
final class BoxMeans {
  private final double[] sums;
  private final int stride;

  BoxMeans(EvidenceMap map) {
    stride = map.width() + 1;
    sums = new double[(map.height() + 1) * stride];
    for (int y = 0; y < map.height(); y++) {
      double row = 0;
      for (int x = 0; x < map.width(); x++) {
        row += map.bits()[y * map.width() + x];
        sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
      }
    }
  }

  /** Over the square that begins at a pixel. */
  double of(int top, int left, int side) {
    int above = top * stride + left;
    int below = (top + side) * stride + left;
    return (sums[below + side] - sums[below] - sums[above + side] + sums[above])
        / ((double) side * side);
  }
}
