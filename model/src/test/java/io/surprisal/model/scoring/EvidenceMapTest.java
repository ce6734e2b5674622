package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.images.Tiling.Corner;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EvidenceMapTest {

  private static EvidenceMap part(EvidenceMap of, Corner corner, int height, int width) {
    float[] bits = new float[height * width];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = of.bits()[(corner.top() + i / width) * of.width() + corner.left() + i % width];
    }
    return new EvidenceMap(height, width, bits);
  }

  @Test
  void shouldAverageWhereTilesOverlap() {
    EvidenceMap left = new EvidenceMap(2, 3, new float[] {1, 2, 3, 4, 5, 6});
    EvidenceMap right = new EvidenceMap(2, 3, new float[] {10, 20, 30, 40, 50, 60});
    assertThat(
            EvidenceMap.stitched(
                2, 4, List.of(left, right), List.of(new Corner(0, 0), new Corner(0, 1))))
        .isEqualTo(new EvidenceMap(2, 4, new float[] {1, 6, 11.5f, 30, 4, 22.5f, 28, 60}));
  }

  /** Four tiles meet in the middle. */
  @Test
  void shouldAverageAllTilesOfAPixel() {
    List<EvidenceMap> tiles = List.of(constant(0), constant(4), constant(8), constant(20));
    EvidenceMap whole =
        EvidenceMap.stitched(
            3,
            3,
            tiles,
            List.of(new Corner(0, 0), new Corner(0, 1), new Corner(1, 0), new Corner(1, 1)));
    assertThat(whole).isEqualTo(new EvidenceMap(3, 3, new float[] {0, 2, 4, 4, 8, 12, 8, 14, 20}));
  }

  private static EvidenceMap constant(float bits) {
    return new EvidenceMap(2, 2, new float[] {bits, bits, bits, bits});
  }

  /** Small whole numbers, so that nothing is rounded. */
  @Property(tries = 100, seed = "1")
  void shouldCoverThePictureWithTheMapsOfItsTiles(
      @ForAll @IntRange(min = 1, max = 8) int tile,
      @ForAll @IntRange(max = 20) int moreRows,
      @ForAll @IntRange(max = 20) int moreColumns,
      @ForAll @IntRange(min = 1, max = 8) int anyStride) {
    int height = tile + moreRows;
    int width = tile + moreColumns;
    float[] bits = new float[height * width];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = 1 + i;
    }
    EvidenceMap whole = new EvidenceMap(height, width, bits);
    List<Corner> corners =
        Preprocessing.tiled(new ImageShape(1, tile, tile), new Tiling(1, Math.min(anyStride, tile)))
            .corners(new PixelImage(1, height, width, new byte[height * width]));
    assertThat(
            EvidenceMap.stitched(
                height,
                width,
                corners.stream().map(corner -> part(whole, corner, tile, tile)).toList(),
                corners))
        .isEqualTo(whole);
  }

  @Test
  void shouldRefuseANumberOfPixelsThatIsNotItsShape() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new EvidenceMap(2, 3, new float[5]))
        .withMessageContaining("3×2 pixels with 5 numbers");
  }

  @Test
  void shouldBeEqualWhereEveryNumberIs() {
    EvidenceMap map = new EvidenceMap(1, 2, new float[] {1, 2});
    assertThat(map)
        .isEqualTo(new EvidenceMap(1, 2, new float[] {1, 2}))
        .hasSameHashCodeAs(new EvidenceMap(1, 2, new float[] {1, 2}))
        .isNotEqualTo(new EvidenceMap(2, 1, new float[] {1, 2}))
        .isNotEqualTo(new EvidenceMap(1, 2, new float[] {1, 3}));
  }
}
