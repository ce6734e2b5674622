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
    assertThat(Png.bitsPerDim(flat)).isLessThan(0.05);
    assertThat(Png.bitsPerDim(noise)).isBetween(8.0, 8.1);
  }

  @Test
  void shouldFilterRowsSoThatARampCostsNextToNothing() {
    byte[] ramp = new byte[3 * 128 * 128];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (byte) (3 * (i % 128) + 7 * (i / 128 % 128));
    }
    assertThat(Png.bitsPerDim(List.of(new PixelImage(3, 128, 128, ramp)))).isLessThan(0.2);
  }
}
