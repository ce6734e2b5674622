package io.surprisal.model.scoring;

import io.surprisal.model.images.Tiling;
import java.util.Arrays;
import java.util.List;

/**
 * What each pixel adds to the diffusion loss of an image, bits, summed over channels, at the
 * network's scale. Unbiased; the noise of single pixels is large, so look at means over windows.
 * Equal when every number is.
 *
 * @param height rows
 * @param width columns
 * @param bits of each pixel, row by row
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content, given away by its maker
public record EvidenceMap(int height, int width, float[] bits) {

  /**
   * @throws IllegalArgumentException if there are not as many numbers as pixels
   */
  public EvidenceMap {
    if (bits.length != height * width) {
      throw new IllegalArgumentException(
          "evidence of %d×%d pixels with %d numbers".formatted(width, height, bits.length));
    }
  }

  /**
   * The map of a picture from those of its tiles; where these overlap it is their mean.
   *
   * @param corners of the tiles, in their order
   */
  static EvidenceMap stitched(
      int height, int width, List<EvidenceMap> tiles, List<Tiling.Corner> corners) {
    float[] sums = new float[height * width];
    int[] counts = new int[height * width];
    for (int i = 0; i < tiles.size(); i++) {
      EvidenceMap tile = tiles.get(i);
      Tiling.Corner corner = corners.get(i);
      for (int y = 0; y < tile.height; y++) {
        int at = (corner.top() + y) * width + corner.left();
        for (int x = 0; x < tile.width; x++) {
          sums[at + x] += tile.bits[y * tile.width + x];
          counts[at + x]++;
        }
      }
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] /= Math.max(1, counts[i]);
    }
    return new EvidenceMap(height, width, sums);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EvidenceMap that
        && height == that.height
        && width == that.width
        && Arrays.equals(bits, that.bits);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bits);
  }

  @Override
  public String toString() {
    return width + "×" + height + " evidence";
  }
}
