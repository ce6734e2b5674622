package io.surprisal.model.images;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Preprocessing.OtherSizes;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PreprocessingTest {

  @Test
  void shouldLeaveAnImageOfTheRightShapeAlone() throws Exception {
    PixelImage image = new PixelImage(1, 2, 3, bytes(1, 2, 3, 4, 5, 6));
    assertThat(to(1, 2, 3).apply(image)).isSameAs(image);
  }

  @Test
  void shouldAverageTheAreaOfEachNewPixelWhenShrinking() throws Exception {
    PixelImage image =
        new PixelImage(
            1, 4, 4, bytes(0, 4, 10, 10, 8, 12, 10, 10, 255, 255, 0, 0, 255, 255, 0, 255));
    assertThat(to(1, 2, 2).apply(image).pixels()).isEqualTo(bytes(6, 10, 255, 64));
    // 3 → 2: each new pixel covers one and a half old ones. (10 + 40/2) / 1.5 = 20, (40/2 + 70) /
    // 1.5.
    assertThat(to(1, 1, 2).apply(new PixelImage(1, 1, 3, bytes(10, 40, 70))).pixels())
        .isEqualTo(bytes(20, 60));
  }

  @Test
  void shouldInterpolateBetweenPixelCentresWhenGrowing() throws Exception {
    assertThat(to(1, 1, 4).apply(new PixelImage(1, 1, 2, bytes(0, 100))).pixels())
        .isEqualTo(bytes(0, 25, 75, 100));
  }

  @Test
  void shouldResizeEachChannelOnItsOwn() throws Exception {
    PixelImage image = new PixelImage(3, 1, 2, bytes(10, 20, 100, 200, 0, 255));
    assertThat(to(3, 1, 1).apply(image)).isEqualTo(new PixelImage(3, 1, 1, bytes(15, 150, 128)));
  }

  @Property(tries = 300, seed = "1")
  void shouldKeepAConstantImageConstant(
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int newHeight,
      @ForAll @IntRange(min = 1, max = 40) int newWidth,
      @ForAll @IntRange(max = 255) int level)
      throws Exception {
    byte[] pixels = new byte[height * width];
    Arrays.fill(pixels, (byte) level);
    byte[] expected = new byte[newHeight * newWidth];
    Arrays.fill(expected, (byte) level);
    assertThat(to(1, newHeight, newWidth).apply(new PixelImage(1, height, width, pixels)).pixels())
        .isEqualTo(expected);
  }

  @Test
  void shouldTakeGreyAsColourOfEqualSamples() throws Exception {
    assertThat(to(3, 1, 2).apply(new PixelImage(1, 1, 2, bytes(7, 200))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(7, 200, 7, 200, 7, 200)));
  }

  @Test
  void shouldTakeColourAsGreyOnlyIfItShowsNoneOrTheReleaseSaysSo() throws Exception {
    PixelImage grey = new PixelImage(3, 1, 2, bytes(7, 200, 7, 200, 7, 200));
    PixelImage colour = new PixelImage(3, 1, 2, bytes(7, 255, 7, 0, 7, 0));
    assertThat(to(1, 1, 2).apply(grey)).isEqualTo(new PixelImage(1, 1, 2, bytes(7, 200)));
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> to(1, 1, 2).apply(colour))
        .withMessageContaining("has colours")
        .withMessageContaining("grey")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_CHANNELS));
    assertThat(
            to(1, 1, 2).with(Interpretation.usual().with(Interpretation.Colour.LUMA)).apply(colour))
        .isEqualTo(new PixelImage(1, 1, 2, bytes(7, 76))); // 0.299 · 255
  }

  @Test
  void shouldSurviveJsonWithItsInterpretation() throws Exception {
    ObjectMapper json = new ObjectMapper();
    Preprocessing stated =
        to(3, 32, 48)
            .with(
                new Interpretation(
                    Interpretation.Orientation.UPRIGHT,
                    "#102030",
                    new Interpretation.Levels(10, 4095),
                    Interpretation.Colour.LUMA));
    assertThat(json.readValue(json.writeValueAsString(stated), Preprocessing.class))
        .isEqualTo(stated);
  }

  /** Earlier releases were trained on pictures as their files store them. */
  @Test
  void shouldLeavePicturesAsStoredWhereNothingIsStated() {
    assertThat(to(1, 8, 8).interpretation().orientation())
        .isEqualTo(Interpretation.Orientation.AS_STORED);
  }

  @Test
  void shouldSurviveJson() throws Exception {
    ObjectMapper json = new ObjectMapper();
    String written = json.writeValueAsString(to(3, 32, 48));
    assertThat(written)
        .isEqualTo("{\"channels\":3,\"height\":32,\"width\":48,\"otherSizes\":\"RESIZE\"}");
    assertThat(json.readValue(written, Preprocessing.class)).isEqualTo(to(3, 32, 48));
  }

  /** Earlier releases knew no tiling. */
  @Test
  void shouldReadWhatEarlierReleasesWrote() throws Exception {
    String earlier = "{\"channels\":1,\"height\":8,\"width\":9,\"otherSizes\":\"RESIZE\"}";
    Preprocessing read = new ObjectMapper().readValue(earlier, Preprocessing.class);
    assertThat(read).isEqualTo(to(1, 8, 9));
    assertThat(read.tiling()).isEmpty();
    assertThat(read.reduction()).isEqualTo(1);
  }

  @Test
  void shouldSurviveJsonWithItsTiling() throws Exception {
    ObjectMapper json = new ObjectMapper();
    String written = json.writeValueAsString(tiled(3, 32, new Tiling(2, 24)));
    assertThat(written)
        .isEqualTo(
            "{\"channels\":3,\"height\":32,\"width\":32,\"otherSizes\":\"TILE\","
                + "\"tiling\":{\"reduction\":2,\"stride\":24}}");
    Preprocessing read = json.readValue(written, Preprocessing.class);
    assertThat(read).isEqualTo(tiled(3, 32, new Tiling(2, 24)));
    assertThat(read.tiling()).hasValue(new Tiling(2, 24));
  }

  @Test
  void shouldRefuseATilingThatDoesNotGoWithTheRest() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Preprocessing(1, 8, 8, OtherSizes.TILE, null, null))
        .withMessageContaining("TILE with null");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Preprocessing(1, 8, 8, OtherSizes.RESIZE, new Tiling(1, 8), null))
        .withMessageContaining("RESIZE with Tiling");
    // pixels between two tiles would be left out
    assertThat(new Preprocessing(1, 8, 9, OtherSizes.TILE, new Tiling(1, 8), null).tiling())
        .isPresent();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Preprocessing(1, 8, 9, OtherSizes.TILE, new Tiling(1, 9), null))
        .withMessageContaining("stride=9")
        .withMessageContaining("8×9");
  }

  /** Each new pixel is the mean of r × r old ones, rounded. */
  @Property(tries = 100, seed = "2")
  void shouldShrinkByAWholeNumberToMeansOfBlocks(
      @ForAll @IntRange(min = 1, max = 5) int reduction,
      @ForAll @IntRange(min = 4, max = 12) int rows,
      @ForAll @IntRange(min = 4, max = 12) int columns,
      @ForAll @IntRange(max = 1000) int seed)
      throws Exception {
    PixelImage picture = noise(1, rows * reduction, columns * reduction, seed);
    PixelImage shrunk = tiled(1, 4, new Tiling(reduction, 4)).apply(picture);
    byte[] expected = new byte[rows * columns];
    for (int i = 0; i < expected.length; i++) {
      PixelImage block =
          picture.crop(i / columns * reduction, i % columns * reduction, reduction, reduction);
      expected[i] = (byte) Math.floor(mean(block) + 0.5);
    }
    assertThat(shrunk).isEqualTo(new PixelImage(1, rows, columns, expected));
  }

  /**
   * Also where a side is no multiple of the reduction: all old pixels weigh the same, so that
   * rounding alone moves the mean, by half a level at most.
   */
  @Property(tries = 200, seed = "3")
  void shouldKeepMeansAndConstantPicturesWhenItShrinks(
      @ForAll @IntRange(min = 1, max = 6) int reduction,
      @ForAll @IntRange(max = 30) int moreRows,
      @ForAll @IntRange(max = 30) int moreColumns,
      @ForAll @IntRange(max = 255) int level)
      throws Exception {
    int height = 4 * reduction + moreRows;
    int width = 4 * reduction + moreColumns;
    Preprocessing tiled = tiled(3, 4, new Tiling(reduction, 4));
    PixelImage noise = noise(3, height, width, level);
    PixelImage shrunk = tiled.apply(noise);
    assertThat(shrunk.shape()).isEqualTo(new ImageShape(3, height / reduction, width / reduction));
    assertThat(mean(shrunk)).isCloseTo(mean(noise), within(0.5));
    byte[] constant = new byte[3 * height * width];
    Arrays.fill(constant, (byte) level);
    assertThat(tiled.apply(new PixelImage(3, height, width, constant)).pixels())
        .containsOnly((byte) level);
  }

  @Test
  void shouldLeaveAPictureAtScaleOneAlone() throws Exception {
    PixelImage picture = noise(1, 9, 13, 1);
    assertThat(tiled(1, 8, new Tiling(1, 8)).apply(picture)).isSameAs(picture);
  }

  @Test
  void shouldRejectAPictureSmallerThanATileAndNameBoth() throws Exception {
    Preprocessing tiled = tiled(1, 8, new Tiling(2, 8));
    assertThat(tiled.apply(noise(1, 16, 17, 1)).shape()).isEqualTo(new ImageShape(1, 8, 8));
    for (PixelImage small : List.of(noise(1, 15, 99, 1), noise(1, 99, 15, 1))) {
      assertThatExceptionOfType(ImageRejectedException.class)
          .isThrownBy(() -> tiled.apply(small))
          .withMessageContaining(small.width() + "×" + small.height())
          .withMessageContaining("8×8 at scale ½")
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TOO_SMALL));
    }
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> tiled.apply(noise(3, 16, 16, 1)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_CHANNELS));
  }

  @Test
  void shouldCutTheTilesOfAPicture() throws Exception {
    Preprocessing tiled = tiled(1, 4, new Tiling(1, 3));
    PixelImage picture = tiled.apply(noise(1, 4, 9, 1));
    assertThat(tiled.corners(picture).stream().map(corner -> tiled.tile(picture, corner)))
        .containsExactly(
            picture.crop(0, 0, 4, 4), picture.crop(0, 3, 4, 4), picture.crop(0, 5, 4, 4));
    Preprocessing whole = to(1, 4, 9);
    assertThat(whole.corners(picture)).containsExactly(new Tiling.Corner(0, 0));
    assertThat(whole.tile(picture, new Tiling.Corner(0, 0))).isSameAs(picture);
  }

  @Test
  void shouldSayWhatBecomesOfAPicture() {
    assertThat(tiled(3, 32, new Tiling(2, 32)).of(460, 1130))
        .isEqualTo(
            "1130×460 at scale ½: 144 tiles of 32×32; what is under 6 px wide in the picture cannot be seen");
    assertThat(to(1, 8, 9).of(8, 9)).isEqualTo("9×8 as they are");
    assertThat(to(1, 8, 9).of(80, 90)).isEqualTo("90×80 resized to 9×8");
  }

  private static Preprocessing to(int channels, int height, int width) {
    return Preprocessing.resizing(new ImageShape(channels, height, width));
  }

  private static Preprocessing tiled(int channels, int side, Tiling tiling) {
    return Preprocessing.tiled(new ImageShape(channels, side, side), tiling);
  }

  private static PixelImage noise(int channels, int height, int width, long seed) {
    byte[] pixels = new byte[channels * height * width];
    new Random(seed).nextBytes(pixels);
    return new PixelImage(channels, height, width, pixels);
  }

  private static double mean(PixelImage image) {
    long sum = 0;
    for (byte pixel : image.pixels()) {
      sum += pixel & 0xff;
    }
    return sum / (double) image.pixels().length;
  }

  @Test
  void shouldRefuseAPictureOfTooManyTiles() {
    Preprocessing tiles = Preprocessing.tiled(new ImageShape(1, 8, 8), new Tiling(1, 8));

    assertThatThrownBy(() -> tiles.apply(new PixelImage(1, 264, 264, new byte[264 * 264])))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessageContaining("1089 tiles at scale 1; at most 1024 are scored");
  }
}
