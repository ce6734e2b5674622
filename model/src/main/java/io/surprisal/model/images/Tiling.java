package io.surprisal.model.images;

import java.util.ArrayList;
import java.util.List;

/**
 * How a picture larger than the network goes through it: shrunk by a whole number with an area
 * filter, then cut into tiles of the network's size that cover all of it. The last tile of a row or
 * column ends with the picture, and so may overlap the one before it by more than the others do.
 *
 * @param reduction r, at least 1: each side of the picture is divided by it and rounded down
 * @param stride from one tile to the next, pixels of the shrunk picture; 1 to the tile's shorter
 *     side, so that nothing is left out
 */
public record Tiling(int reduction, int stride) {

  /** A coarser scale would leave nothing of any picture within the decoding limits. */
  public static final int COARSEST = 256;

  /**
   * Where a tile begins in the shrunk picture.
   *
   * @param top its first row
   * @param left its first column
   */
  public record Corner(int top, int left) {}

  /**
   * @throws IllegalArgumentException if a number is impossible
   */
  public Tiling {
    if (reduction < 1 || reduction > COARSEST || stride < 1) {
      throw new IllegalArgumentException(
          "a tiling reduces by 1 to %d with a stride of at least 1, not by %d with %d"
              .formatted(COARSEST, reduction, stride));
    }
  }

  /** A side of a picture after shrinking. */
  public int reduced(int side) {
    return side / reduction;
  }

  /**
   * Where the tiles of one axis begin.
   *
   * @param side of the shrunk picture, at least {@code tile}
   * @param tile side of a tile
   * @return ascending; the first is 0, the last {@code side − tile}
   */
  public int[] starts(int side, int tile) {
    int last = side - tile;
    int count = (last + stride - 1) / stride + 1;
    int[] starts = new int[count];
    for (int i = 0; i < count; i++) {
      starts[i] = Math.min(last, i * stride);
    }
    return starts;
  }

  /**
   * How many tiles a picture has; 0 if it is smaller than one.
   *
   * @param height rows of the picture as it came
   * @param width columns of the picture as it came
   */
  public int count(int height, int width, int tileHeight, int tileWidth) {
    return reduced(height) < tileHeight || reduced(width) < tileWidth
        ? 0
        : starts(reduced(height), tileHeight).length * starts(reduced(width), tileWidth).length;
  }

  /** The corners of the tiles of a shrunk picture, row by row. */
  List<Corner> corners(int height, int width, int tileHeight, int tileWidth) {
    List<Corner> corners = new ArrayList<>();
    for (int top : starts(height, tileHeight)) {
      for (int left : starts(width, tileWidth)) {
        corners.add(new Corner(top, left));
      }
    }
    return corners;
  }

  /** The scale as people write it: 1, ½, 1/3. */
  public String scale() {
    return switch (reduction) {
      case 1 -> "1";
      case 2 -> "½";
      case 4 -> "¼";
      case 8 -> "⅛";
      default -> "1/" + reduction;
    };
  }
}
