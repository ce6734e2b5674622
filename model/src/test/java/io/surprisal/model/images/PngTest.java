package io.surprisal.model.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PngTest {

  @Test
  void shouldCountWhatPngMakesOfImagesWithoutAHeaderForEach() {
    List<PixelImage> flat =
        IntStream.range(0, 64).mapToObj(i -> new PixelImage(1, 16, 16, new byte[256])).toList();
    List<PixelImage> noise =
        IntStream.range(0, 64)
            .mapToObj(
                i -> {
                  byte[] pixels = new byte[3 * 256];
                  new Random(i).nextBytes(pixels);
                  return new PixelImage(3, 16, 16, pixels);
                })
            .toList();
    assertThat(Png.bitsPerDim(flat)).isLessThan(0.3);
    assertThat(Png.bitsPerDim(noise)).isBetween(8.0, 9.5); // a white line between the images
  }
}
