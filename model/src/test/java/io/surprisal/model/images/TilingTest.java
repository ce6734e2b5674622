package io.surprisal.model.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.images.Tiling.Corner;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TilingTest {

  @Property(tries = 300, seed = "1")
  void shouldBeginTilesAtTheEdgeAndEndThemWithThePicture(
      @ForAll @IntRange(min = 1, max = 40) int tile,
      @ForAll @IntRange(max = 200) int beyond,
      @ForAll @IntRange(min = 1, max = 40) int anyStride) {
    int stride = Math.min(anyStride, tile);
    int side = tile + beyond;
    int[] starts = new Tiling(1, stride).starts(side, tile);
    assertThat(starts[0]).isZero();
    assertThat(starts[starts.length - 1]).isEqualTo(side - tile);
    for (int i = 1; i < starts.length; i++) {
      assertThat(starts[i] - starts[i - 1]).isBetween(1, stride);
    }
    // not one more than it takes
    assertThat(starts).hasSize((int) Math.ceil(beyond / (double) stride) + 1);
  }

  @Property(tries = 100, seed = "2")
  void shouldCoverEveryPixelAndNothingBeyondThePicture(
      @ForAll @IntRange(min = 1, max = 12) int tileHeight,
      @ForAll @IntRange(min = 1, max = 12) int tileWidth,
      @ForAll @IntRange(max = 30) int moreRows,
      @ForAll @IntRange(max = 30) int moreColumns,
      @ForAll @IntRange(min = 1, max = 12) int anyStride) {
    int height = tileHeight + moreRows;
    int width = tileWidth + moreColumns;
    Tiling tiling = new Tiling(1, Math.min(anyStride, Math.min(tileHeight, tileWidth)));
    boolean[][] covered = new boolean[height][width];
    for (Corner corner : tiling.corners(height, width, tileHeight, tileWidth)) {
      for (int y = 0; y < tileHeight; y++) {
        for (int x = 0; x < tileWidth; x++) {
          covered[corner.top() + y][corner.left() + x] = true;
        }
      }
    }
    for (boolean[] row : covered) {
      assertThat(row).doesNotContain(false);
    }
  }

  @Property(tries = 300, seed = "3")
  void shouldCountAsManyTilesAsThereAreCorners(
      @ForAll @IntRange(min = 1, max = 5) int reduction,
      @ForAll @IntRange(min = 1, max = 16) int tile,
      @ForAll @IntRange(max = 100) int moreRows,
      @ForAll @IntRange(max = 100) int moreColumns,
      @ForAll @IntRange(min = 1, max = 16) int anyStride) {
    Tiling tiling = new Tiling(reduction, Math.min(anyStride, tile));
    int height = reduction * tile + moreRows;
    int width = reduction * tile + moreColumns;
    assertThat(tiling.count(height, width, tile, tile))
        .isEqualTo(
            tiling.corners(tiling.reduced(height), tiling.reduced(width), tile, tile).stream()
                .distinct()
                .count());
  }

  @Test
  void shouldGoRowByRow() {
    assertThat(new Tiling(1, 4).corners(6, 9, 4, 4))
        .containsExactly(
            new Corner(0, 0),
            new Corner(0, 4),
            new Corner(0, 5),
            new Corner(2, 0),
            new Corner(2, 4),
            new Corner(2, 5));
    assertThat(new Tiling(1, 4).corners(4, 4, 4, 4)).containsExactly(new Corner(0, 0));
  }

  @Test
  void shouldRoundASideDown() {
    assertThat(new Tiling(3, 1).reduced(8)).isEqualTo(2);
    assertThat(new Tiling(3, 1).reduced(9)).isEqualTo(3);
  }

  @Test
  void shouldWriteTheScaleAsPeopleDo() {
    assertThat(Stream.of(1, 2, 3, 4, 8, 10).map(reduction -> new Tiling(reduction, 1).scale()))
        .containsExactly("1", "½", "1/3", "¼", "⅛", "1/10");
  }

  @Test
  void shouldRefuseImpossibleNumbers() {
    assertThat(new Tiling(Tiling.COARSEST, 1).reduction()).isEqualTo(256);
    for (int reduction : List.of(-1, 0, Tiling.COARSEST + 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Tiling(reduction, 32))
          .withMessageContaining("by 1 to 256")
          .withMessageContaining("not by " + reduction + " with 32");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Tiling(1, 0))
        .withMessageContaining("not by 1 with 0");
  }
}
