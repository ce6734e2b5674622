package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PictureSplitTest {
  private static final int PICTURES = 20;
  private static final int LAST = 6;

  /** Each picture has one grey, its number. */
  private static final class Greys implements ImageSource {
    @Override
    public int size() {
      return PICTURES;
    }

    @Override
    public PixelImage image(int index) {
      byte[] pixels = new byte[16 * 16];
      Arrays.fill(pixels, (byte) index);
      return new PixelImage(1, 16, 16, pixels);
    }

    @Override
    public String name(int index) {
      return "grey " + index;
    }
  }

  private static Set<Integer> greys(ImageDataset images, int count) {
    return IntStream.range(0, count)
        .map(i -> images.image(i).pixels()[0])
        .boxed()
        .collect(Collectors.toSet());
  }

  private static PictureSplit split(HeldOut heldOut) {
    Preprocessing preprocessing = Preprocessing.tiled(new ImageShape(1, 8, 8), new Tiling(1, 8));
    return new PictureSplit(
        new FitImages.Pictures(new Greys(), preprocessing, 4, "greys", heldOut), 5);
  }

  @Test
  void shouldNeverTrainOnThePicturesAtTheEndThatAreHeldOut() {
    PictureSplit split = split(new HeldOut.Last(LAST));
    assertThat(split.trainingImages()).isEqualTo(PICTURES - LAST);
    assertThat(split.heldOutImages()).isEqualTo(LAST);
    assertThat(greys(split.training(), 2000))
        .isEqualTo(
            IntStream.range(0, PICTURES - LAST).boxed().collect(Collectors.toUnmodifiableSet()));
    ImageDataset tiles = split.heldOut();
    assertThat(greys(tiles, tiles.size()))
        .hasSize(2) // a third of them
        .allMatch(grey -> grey >= PICTURES - LAST);
    assertThat(split.calibrationImages(100)).isEqualTo(4);
  }

  @Test
  void shouldHoldOutAShareByChance() {
    PictureSplit split = split(new HeldOut.Share(0.3));
    assertThat(split.heldOutImages()).isEqualTo(6);
    Set<Integer> trained = greys(split.training(), 2000);
    assertThat(trained).hasSize(PICTURES - 6);
    ImageDataset tiles = split.heldOut();
    assertThat(greys(tiles, tiles.size())).doesNotContainAnyElementsOf(trained);
  }

  /** They would take the time of those that alerts are judged against. */
  @Test
  void shouldShowWhatIsUsualByTrainedPicturesOnlyWhereThereIsTime() {
    PictureSplit split = split(new HeldOut.Last(LAST));
    int tiles = 4;
    int all = split.scoredToCalibrate(4);
    assertThat(split.affordable(4, Long.MAX_VALUE)).isEqualTo(4); // twice the two held out
    assertThat(split.affordable(4, all)).isEqualTo(4);
    assertThat(split.affordable(4, all - 1)).isEqualTo(3);
    assertThat(split.affordable(4, all - 3 * tiles)).isEqualTo(1);
    assertThat(split.affordable(4, all - 4 * tiles)).isZero();
    assertThat(split.affordable(4, 0)).isZero();
    assertThat(split.affordable(4, -5)).isZero();
  }
}
