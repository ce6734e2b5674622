package io.surprisal.model.images;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.Arrays;
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
  void shouldRejectAnotherNumberOfChannelsAndNameBoth() {
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> to(3, 1, 1).apply(new PixelImage(1, 1, 1, bytes(0))))
        .withMessageContaining("1 channel")
        .withMessageContaining("3")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_CHANNELS));
  }

  @Test
  void shouldSurviveJson() throws Exception {
    ObjectMapper json = new ObjectMapper();
    String written = json.writeValueAsString(to(3, 32, 48));
    assertThat(written)
        .isEqualTo("{\"channels\":3,\"height\":32,\"width\":48,\"otherSizes\":\"RESIZE\"}");
    assertThat(json.readValue(written, Preprocessing.class)).isEqualTo(to(3, 32, 48));
  }

  private static Preprocessing to(int channels, int height, int width) {
    return Preprocessing.resizing(new ImageShape(channels, height, width));
  }
}
