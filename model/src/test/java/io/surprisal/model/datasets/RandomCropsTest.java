package io.surprisal.model.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomCropsTest {
  private static final int HEIGHT = 12;
  private static final int WIDTH = 17;
  private static final int TILE = 8;
  private static final int BYTES = 3 * HEIGHT * WIDTH;
  private static final long AMPLE = 1 << 20;

  /** As many crops a picture gives before, where it alone fits, the next one is decoded. */
  private static final int CROPS_A_DECODING = 64;

  private static final Preprocessing TILES =
      Preprocessing.tiled(new ImageShape(3, TILE, TILE), new Tiling(1, TILE));

  /** Pictures that are made when they are asked for, and how often each was. */
  private record Counted(List<PixelImage> pictures, AtomicIntegerArray reads)
      implements ImageSource {
    Counted(List<PixelImage> pictures) {
      this(pictures, new AtomicIntegerArray(pictures.size()));
    }

    @Override
    public int size() {
      return pictures.size();
    }

    @Override
    public PixelImage image(int index) {
      reads.incrementAndGet(index);
      return pictures.get(index);
    }

    @Override
    public String name(int index) {
      return "picture " + index;
    }
  }

  /** Each pixel says which picture it is of, its row and its column. */
  private static PixelImage picture(int number, int height, int width) {
    byte[] pixels = new byte[3 * height * width];
    for (int i = 0; i < height * width; i++) {
      pixels[i] = (byte) number;
      pixels[height * width + i] = (byte) (i / width);
      pixels[2 * height * width + i] = (byte) (i % width);
    }
    return new PixelImage(3, height, width, pixels);
  }

  private static Counted pictures(int count) {
    return new Counted(IntStream.range(0, count).mapToObj(i -> picture(i, HEIGHT, WIDTH)).toList());
  }

  private static RandomCrops crops(Counted pictures, long seed, long memory) {
    return new RandomCrops(
        pictures, IntStream.range(0, pictures.size()).toArray(), TILES, seed, memory);
  }

  private static List<PixelImage> first(ImageDataset crops, int count) {
    return IntStream.range(0, count).mapToObj(crops::image).toList();
  }

  private static int number(PixelImage crop) {
    return crop.pixels()[0];
  }

  private static int top(PixelImage crop) {
    return crop.pixels()[TILE * TILE];
  }

  private static int left(PixelImage crop) {
    return crop.pixels()[2 * TILE * TILE];
  }

  @Test
  void shouldBeAPureFunctionOfSeedAndNumber() {
    RandomCrops crops = crops(pictures(5), 3, BYTES);
    List<PixelImage> forwards = first(crops, 500);
    RandomCrops again = crops(pictures(5), 3, BYTES);
    for (int i = 499; i >= 0; i--) {
      assertThat(again.image(i)).isEqualTo(forwards.get(i));
    }
    assertThat(IntStream.range(0, 500).parallel().mapToObj(crops::image)).isEqualTo(forwards);
    assertThat(first(crops(pictures(5), 4, BYTES), 500)).isNotEqualTo(forwards);
  }

  @Test
  void shouldCropFromAnywhereInThePictures() {
    RandomCrops crops = crops(pictures(3), 1, AMPLE);
    assertThat(crops.shape()).isEqualTo(new ImageShape(3, TILE, TILE));
    Set<List<Integer>> places = new HashSet<>();
    for (PixelImage crop : first(crops, 2000)) {
      assertThat(crop)
          .isEqualTo(picture(number(crop), HEIGHT, WIDTH).crop(top(crop), left(crop), TILE, TILE));
      places.add(List.of(top(crop), left(crop)));
    }
    // of 50 places each has 40 crops on average; one is missed with probability 50 · 3e-18
    assertThat(places).hasSize((HEIGHT - TILE + 1) * (WIDTH - TILE + 1));
  }

  @Test
  void shouldCropFromShrunkPictures() {
    Preprocessing half = Preprocessing.tiled(new ImageShape(3, TILE, TILE), new Tiling(2, TILE));
    Counted pictures = new Counted(List.of(picture(7, 2 * HEIGHT, 2 * WIDTH)));
    RandomCrops crops = new RandomCrops(pictures, new int[] {0}, half, 1, AMPLE);
    for (PixelImage crop : first(crops, 50)) {
      assertThat(crop.shape()).isEqualTo(half.shape());
      // rows 2y and 2y + 1 average to 2y + ½, which rounds up
      assertThat(top(crop)).isOdd().isBetween(1, 2 * (HEIGHT - TILE) + 1);
      assertThat(crop.pixels()[2 * TILE * TILE - 1]).isEqualTo((byte) (top(crop) + 2 * TILE - 2));
    }
  }

  @Test
  void shouldVisitAllPicturesThatAreAskedForAndNoOther() {
    int[] which = {1, 3, 4, 6};
    for (long memory : new long[] {1, 2 * BYTES, AMPLE}) {
      RandomCrops crops = new RandomCrops(pictures(8), which, TILES, 5, memory);
      assertThat(
              first(crops, which.length * CROPS_A_DECODING).stream()
                  .map(RandomCropsTest::number)
                  .collect(Collectors.toSet()))
          .containsExactlyInAnyOrder(1, 3, 4, 6);
    }
  }

  @Test
  void shouldDecodeAPictureOnceForManyCropsWhereOnlyOneFits() {
    RandomCrops crops = crops(pictures(5), 2, BYTES);
    List<PixelImage> drawn = first(crops, 10 * CROPS_A_DECODING);
    assertThat(crops.decodings()).isEqualTo(10);
    for (int i = 0; i < drawn.size(); i++) {
      assertThat(number(drawn.get(i))).isEqualTo(number(drawn.get(i - i % CROPS_A_DECODING)));
    }
  }

  @Test
  void shouldDecodeNoMoreThanFitsBeforeTheNextOnesTurn() {
    RandomCrops crops = crops(pictures(5), 2, 2 * BYTES + 1);
    for (int group = 1; group <= 7; group++) {
      for (int i = 0; i < 2 * CROPS_A_DECODING; i++) {
        crops.image((group - 1) * 2 * CROPS_A_DECODING + i);
      }
      assertThat(crops.decodings()).isLessThanOrEqualTo(2 * group);
    }
  }

  @Test
  void shouldDecodeEachPictureOnceWhereAllFit() {
    Counted pictures = pictures(6);
    RandomCrops crops = crops(pictures, 2, 6 * BYTES);
    first(crops, 6 * CROPS_A_DECODING * 4);
    assertThat(crops.decodings()).isEqualTo(6);
    // at most once more, to see how large it is
    for (int i = 0; i < 6; i++) {
      assertThat(pictures.reads().get(i)).isBetween(1, 2);
    }
  }

  @Test
  void shouldTakeTheNextPictureInsteadOfOneThatCannotBeUsed() {
    for (long memory : new long[] {1, 3 * BYTES, AMPLE}) {
      Counted pictures =
          new Counted(
              List.of(
                  picture(0, HEIGHT, WIDTH),
                  picture(1, TILE - 1, WIDTH),
                  picture(2, HEIGHT, WIDTH),
                  picture(3, TILE - 1, TILE - 1),
                  picture(4, HEIGHT, TILE - 1)));
      RandomCrops crops = crops(pictures, 6, memory);
      Set<Integer> used =
          first(crops, 20 * CROPS_A_DECODING).stream()
              .map(RandomCropsTest::number)
              .collect(Collectors.toSet());
      assertThat(used).containsExactlyInAnyOrder(0, 2);
      for (int unusable : List.of(1, 3, 4)) {
        assertThat(pictures.reads().get(unusable)).isBetween(1, 2);
      }
    }
  }

  @Test
  void shouldRefuseWhereNoPictureCanBeUsed() {
    Counted pictures = new Counted(List.of(picture(0, 2, 2), picture(1, 3, 3)));
    RandomCrops crops = crops(pictures, 1, AMPLE);
    for (int i = 0; i < 2; i++) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> crops.image(0))
          .withMessageContaining("none of the pictures");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomCrops.tiles(pictures, new int[] {0, 1}, TILES, 9, 1))
        .withMessageContaining("none of the pictures");
  }

  @Test
  void shouldDrawTilesFromAllPictures() {
    int[] which = {0, 2, 3};
    ImageDataset tiles = RandomCrops.tiles(pictures(5), which, TILES, 10, 8);
    assertThat(tiles.size()).isEqualTo(10);
    Set<Integer> seen = new HashSet<>();
    for (PixelImage tile : first(tiles, 10)) {
      assertThat(tile)
          .isEqualTo(picture(number(tile), HEIGHT, WIDTH).crop(top(tile), left(tile), TILE, TILE));
      // where the release's tiles lie: the last of an axis ends with the picture
      assertThat(top(tile)).isIn(0, HEIGHT - TILE);
      assertThat(left(tile)).isIn(0, TILE, WIDTH - TILE);
      seen.add(number(tile));
    }
    assertThat(seen).containsExactlyInAnyOrder(0, 2, 3);
  }

  @Test
  void shouldDrawTheSameTilesForTheSameSeed() {
    int[] which = {0, 1, 2};
    List<PixelImage> tiles = first(RandomCrops.tiles(pictures(3), which, TILES, 30, 8), 30);
    assertThat(first(RandomCrops.tiles(pictures(3), which, TILES, 30, 8), 30)).isEqualTo(tiles);
    assertThat(first(RandomCrops.tiles(pictures(3), which, TILES, 30, 9), 30)).isNotEqualTo(tiles);
  }

  @Test
  void shouldDrawAtMostAsManyTilesAsAskedFor() {
    Counted pictures =
        new Counted(
            List.of(
                picture(0, 2, 2),
                picture(1, HEIGHT, WIDTH),
                picture(2, HEIGHT, WIDTH),
                picture(3, HEIGHT, WIDTH)));
    for (int most = 1; most <= 20; most++) {
      ImageDataset tiles = RandomCrops.tiles(pictures, new int[] {0, 1, 2, 3}, TILES, most, 1);
      assertThat(tiles.size()).isEqualTo(most);
    }
  }
}
