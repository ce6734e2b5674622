package io.surprisal.model.images;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

class PixelImageTest {
  private static final PixelImage GREY =
      new PixelImage(1, 3, 4, bytes(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23));

  @Test
  void shouldCropGrey() {
    assertThat(GREY.crop(1, 2, 2, 2)).isEqualTo(new PixelImage(1, 2, 2, bytes(12, 13, 22, 23)));
    assertThat(GREY.crop(0, 1, 3, 1)).isEqualTo(new PixelImage(1, 3, 1, bytes(1, 11, 21)));
    assertThat(GREY.crop(0, 0, 3, 4)).isEqualTo(GREY);
  }

  @Test
  void shouldCropEachChannelOfColour() {
    PixelImage colour =
        new PixelImage(
            3,
            2,
            3,
            bytes(0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105, 200, 201, 202, 203, 204, 205));
    assertThat(colour.crop(0, 1, 2, 2))
        .isEqualTo(
            new PixelImage(3, 2, 2, bytes(1, 2, 4, 5, 101, 102, 104, 105, 201, 202, 204, 205)));
    assertThat(colour.crop(1, 0, 1, 1)).isEqualTo(new PixelImage(3, 1, 1, bytes(3, 103, 203)));
  }

  @Test
  void shouldRefuseACropThatDoesNotLieWithin() {
    int[][] outside = {{-1, 0, 1, 1}, {0, -1, 1, 1}, {2, 0, 2, 1}, {0, 3, 1, 2}, {0, 0, 4, 5}};
    for (int[] crop : outside) {
      assertThatExceptionOfType(IndexOutOfBoundsException.class)
          .isThrownBy(() -> GREY.crop(crop[0], crop[1], crop[2], crop[3]));
    }
  }
}
