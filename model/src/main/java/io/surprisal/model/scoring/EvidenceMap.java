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
 * @param bits of each pixel, row by row, after the first evaluations that all of them have had
 * @param again the same after all evaluations, NaN at pixels that were not looked at again; none
 *     where the first evaluations are all
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content, given away by its maker
public record EvidenceMap(int height, int width, float[] bits, float[] again) {
  private static final float[] NONE = new float[0];

  /** Where each pixel has had all evaluations. */
  public EvidenceMap(int height, int width, float[] bits) {
    this(height, width, bits, NONE);
  }

  /**
   * @throws IllegalArgumentException if there are not as many numbers as pixels
   */
  public EvidenceMap {
    if (bits.length != height * width || (again.length != 0 && again.length != bits.length)) {
      throw new IllegalArgumentException(
          "evidence of %d×%d pixels with %d numbers%s"
              .formatted(
                  width,
                  height,
                  bits.length,
                  again.length == 0 ? "" : ", after all evaluations " + again.length));
    }
  }

  /**
   * The map of a picture from those of its tiles; where these overlap it is their mean.
   *
   * @param corners of the tiles, in their order
   */
  static EvidenceMap stitched(
      int height, int width, List<EvidenceMap> tiles, List<Tiling.Corner> corners) {
    return new EvidenceMap(height, width, means(height, width, tiles, corners, 0));
  }

  /**
   * With a second look at some tiles.
   *
   * @param tiles at least one, after all their evaluations
   * @param corners of these
   */
  EvidenceMap lookedAtAgain(List<EvidenceMap> tiles, List<Tiling.Corner> corners) {
    return new EvidenceMap(height, width, bits, means(height, width, tiles, corners, Float.NaN));
  }

  private static float[] means(
      int height,
      int width,
      List<EvidenceMap> tiles,
      List<Tiling.Corner> corners,
      float elsewhere) {
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
      sums[i] = counts[i] == 0 ? elsewhere : sums[i] / counts[i];
    }
    return sums;
  }

  /** The share of pixels that have had all evaluations. */
  public double shareLookedAtAgain() {
    if (again.length == 0) {
      return 1;
    }
    int count = 0;
    for (float value : again) {
      count += Float.isNaN(value) ? 0 : 1;
    }
    return count / (double) again.length;
  }

  /** What all evaluations say, where they say it of every pixel. */
  public EvidenceMap complete() {
    return again.length == 0 ? this : new EvidenceMap(height, width, again);
  }

  /** What the first evaluations say. */
  public EvidenceMap first() {
    return again.length == 0 ? this : new EvidenceMap(height, width, bits);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EvidenceMap that
        && height == that.height
        && width == that.width
        && Arrays.equals(bits, that.bits)
        && Arrays.equals(again, that.again);
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
