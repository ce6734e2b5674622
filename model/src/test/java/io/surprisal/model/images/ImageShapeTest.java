package io.surprisal.model.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageShapeTest {

  @Test
  void shouldCountItsSamplesAndSayWhatItIs() {
    ImageShape shape = new ImageShape(3, 28, 32);
    assertThat(shape.dimensions()).isEqualTo(3 * 28 * 32);
    assertThat(shape).hasToString("3×28×32");
    assertThat(new PixelImage(shape, new byte[shape.dimensions()]).shape()).isEqualTo(shape);
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 1", "0, 1, 1", "1, 0, 1", "3, 1, -1"})
  void shouldRefuseAShapeThatNoImageHas(int channels, int height, int width) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageShape(channels, height, width))
        .withMessageContaining("not " + channels + "×" + height + "×" + width);
  }
}
