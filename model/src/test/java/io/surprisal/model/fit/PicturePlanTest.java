package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.fit.PicturePlan.Wishes;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PicturePlanTest {
  private static final Wishes NONE = wishes(0, 0, 0);

  @TempDir private Path folder;
  private int files;

  /** 0 is no wish. */
  private static Wishes wishes(int reduction, int tile, int largestSide) {
    return new Wishes(wish(reduction), wish(tile), wish(largestSide));
  }

  private static OptionalInt wish(int value) {
    return value == 0 ? OptionalInt.empty() : OptionalInt.of(value);
  }

  private void add(int channels, int width, int height) throws IOException {
    Png.write(
        folder.resolve("%03d.png".formatted(files++)),
        new PixelImage(channels, height, width, new byte[channels * height * width]));
  }

  private PictureFiles pictures(int... widthsAndHeights) throws IOException {
    for (int i = 0; i < widthsAndHeights.length; i += 2) {
      add(1, widthsAndHeights[i], widthsAndHeights[i + 1]);
    }
    return PictureFiles.open(List.of(folder));
  }

  private static Preprocessing tiled(int channels, int tile, int reduction) {
    return Preprocessing.tiled(new ImageShape(channels, tile, tile), new Tiling(reduction, tile))
        .with(Interpretation.usual());
  }

  /** 36 × 15 tiles at scale 1 are too many, 18 × 8 at ½ are not. */
  @Test
  void shouldTakeTheFinestScaleOfFewEnoughTiles() throws Exception {
    PicturePlan plan = PicturePlan.of(pictures(1130, 460), NONE);
    assertThat(plan.preprocessing()).isEqualTo(tiled(1, 32, 2));
    assertThat(plan.usual()).isEqualTo(new PictureSize(460, 1130));
    assertThat(plan.tiles()).isEqualTo(144);
    assertThat(plan)
        .hasToString(
            "1130×460 at scale ½: 144 tiles of 32×32; what is under 6 px wide in the picture cannot be seen");
  }

  /** At 1/3, 640×360, they are 20 × 12; at ¼, 480×270, 15 × 9. */
  @Test
  void shouldShrinkAVideoFrameToAQuarter() throws Exception {
    PicturePlan plan = PicturePlan.of(pictures(1920, 1080), NONE);
    assertThat(plan.preprocessing()).isEqualTo(tiled(1, 32, 4));
    assertThat(plan.tiles()).isEqualTo(135);
  }

  @Test
  void shouldLeaveASmallPictureAtItsScale() throws Exception {
    PicturePlan plan = PicturePlan.of(pictures(96, 96), NONE);
    assertThat(plan.preprocessing()).isEqualTo(tiled(1, 32, 1));
    assertThat(plan.tiles()).isEqualTo(9);
  }

  /** At scale 1/3 the 72 rows would be 24, less than a tile. */
  @Test
  void shouldNotShrinkAStripBelowATile() throws Exception {
    PicturePlan plan = PicturePlan.of(pictures(8160, 72), NONE);
    assertThat(plan.preprocessing()).isEqualTo(tiled(1, 32, 2));
    assertThat(plan.tiles()).isEqualTo(128 * 2);
  }

  @Test
  void shouldPlanForTheCommonestSize() throws Exception {
    PicturePlan plan = PicturePlan.of(pictures(1130, 460, 96, 96, 200, 100, 96, 96), NONE);
    assertThat(plan.usual()).isEqualTo(new PictureSize(96, 96));
    assertThat(plan.preprocessing()).isEqualTo(tiled(1, 32, 1));
    assertThat(plan.sizes()).isEqualTo(3);
    assertThat(plan.toString())
        .startsWith("96×96 at scale 1: 9 tiles")
        .endsWith("; so are pictures of 2 other sizes");
  }

  @Test
  void shouldPlanForTheLargestOfSizesThatAreAsCommon() throws Exception {
    assertThat(PicturePlan.of(pictures(96, 96, 1130, 460, 100, 90), NONE).usual())
        .isEqualTo(new PictureSize(460, 1130));
  }

  @Test
  void shouldHeedWishes() throws Exception {
    PictureFiles pictures = pictures(1130, 460);
    assertThat(PicturePlan.of(pictures, wishes(1, 0, 0)).preprocessing())
        .isEqualTo(tiled(1, 32, 1));
    assertThat(PicturePlan.of(pictures, wishes(5, 16, 0)).preprocessing())
        .isEqualTo(tiled(1, 16, 5));
    // 1130/3 is 376.7
    assertThat(PicturePlan.of(pictures, wishes(0, 0, 377)).preprocessing())
        .isEqualTo(tiled(1, 32, 3));
    assertThat(PicturePlan.of(pictures, wishes(0, 0, 376)).preprocessing())
        .isEqualTo(tiled(1, 32, 4));
    assertThat(PicturePlan.of(pictures, wishes(0, 0, 9999)).preprocessing())
        .isEqualTo(tiled(1, 32, 1));
    // 18 × 8 tiles of 64 pixels at scale 1
    PicturePlan large = PicturePlan.of(pictures, wishes(0, 64, 0));
    assertThat(large.preprocessing()).isEqualTo(tiled(1, 64, 1));
    assertThat(large.tiles()).isEqualTo(144);
  }

  @Test
  void shouldKeepTheLongerSideWithinTheWish() throws Exception {
    PictureFiles pictures = pictures(131, 97);
    for (int largestSide = 16; largestSide <= 140; largestSide++) {
      Preprocessing chosen = PicturePlan.of(pictures, wishes(0, 8, largestSide)).preprocessing();
      assertThat(131 / (double) chosen.reduction()).isLessThanOrEqualTo(largestSide);
      assertThat(chosen.reduction() == 1 || 131 / (chosen.reduction() - 1.0) > largestSide)
          .isTrue();
    }
  }

  @Test
  void shouldRefuseATileLargerThanAPicture() throws Exception {
    PictureFiles pictures = pictures(96, 40);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PicturePlan.of(pictures, wishes(2, 0, 0)))
        .withMessageContaining("a picture of 96×40 at scale ½ is smaller than a tile of 32×32")
        .withMessageContaining("--tile");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PicturePlan.of(pictures, wishes(0, 48, 0)))
        .withMessageContaining("at scale 1 is smaller than a tile of 48×48");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PicturePlan.of(pictures, wishes(0, 0, 40)))
        .withMessageContaining("at scale 1/3");
  }

  @Test
  void shouldTakeTheChannelsOfThePictures() throws Exception {
    add(3, 96, 96);
    assertThat(PicturePlan.of(pictures(), NONE).preprocessing()).isEqualTo(tiled(3, 32, 1));
  }

  @Test
  void shouldBeNeededForLargePicturesAndForMixedSizesOnly() throws Exception {
    assertThat(PicturePlan.isNeededFor(pictures(64, 64, 64, 64))).isFalse();
    assertThat(PicturePlan.isNeededFor(pictures(64, 60))).isTrue();
  }

  @Test
  void shouldBeNeededForAPictureWithALongSide() throws Exception {
    assertThat(PicturePlan.isNeededFor(pictures(28, 65))).isTrue();
  }

  @Test
  void shouldKnowWhetherAnythingIsSet() {
    assertThat(NONE.isSet()).isFalse();
    assertThat(wishes(1, 0, 0).isSet()).isTrue();
    assertThat(wishes(0, 32, 0).isSet()).isTrue();
    assertThat(wishes(0, 0, 500).isSet()).isTrue();
  }
}
