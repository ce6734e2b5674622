package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameLookTest {

  private static PixelImage grey(int height, int width, int level) {
    byte[] pixels = new byte[height * width];
    Arrays.fill(pixels, (byte) level);
    return new PixelImage(1, height, width, pixels);
  }

  @Test
  void shouldMeasureExposureFocusAndColour() {
    byte[] stripes = new byte[3 * 4 * 4];
    for (int i = 0; i < 16; i++) {
      boolean odd = i % 4 % 2 == 1;
      stripes[i] = (byte) (odd ? 200 : 0); // red stripes, one pixel wide
    }
    FrameLook look = FrameLook.of(new PixelImage(3, 4, 4, stripes));

    assertThat(look.exposure()).isEqualTo(30); // half of the pixels have a luma of 60
    assertThat(look.colour()).isEqualTo(100);
    assertThat(look.focus()).isEqualTo(120); // |4·60 − 60 − 60 − 0 − 0| of each inner pixel
    assertThat(FrameLook.of(grey(9, 7, 90)).exposure()).isEqualTo(90);
    assertThat(FrameLook.of(grey(9, 7, 90)).focus()).isZero();
    assertThat(FrameLook.of(grey(9, 7, 90)).colour()).isZero();
  }

  @Test
  void shouldLookAtPicturesOfAnySize() {
    for (int[] size : new int[][] {{1, 1}, {1, 500}, {2, 3}, {1000, 1}, {700, 900}}) {
      FrameLook look = FrameLook.of(grey(size[0], size[1], 255));

      assertThat(look.exposure()).isEqualTo(255);
      assertThat(look.focus()).isZero();
      assertThat(look.samples()).containsOnly(-1);
    }
  }

  @Test
  void shouldHaveTheSameDigestForTheSamePixelsOnly() {
    PixelImage picture = noisy(new Random(1), 40, 60);
    byte[] changed = picture.pixels().clone();
    changed[1234] ^= 1;

    assertThat(FrameLook.of(picture)).isEqualTo(FrameLook.of(noisy(new Random(1), 40, 60)));
    assertThat(FrameLook.of(new PixelImage(1, 40, 60, changed)).digest())
        .isNotEqualTo(FrameLook.of(picture).digest());
    assertThat(FrameLook.of(new PixelImage(1, 60, 40, picture.pixels())).digest())
        .isNotEqualTo(FrameLook.of(picture).digest());
  }

  private static PixelImage noisy(Random random, int height, int width) {
    byte[] pixels = new byte[height * width];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) Math.round(120 + 2 * random.nextGaussian());
    }
    return new PixelImage(1, height, width, pixels);
  }

  /**
   * Two pictures of noise of 2 levels differ by 2·2/√π = 2.26 in the mean, less without the largest
   * eighth: 1.74. Of 56 differences the mean scatters by 0.2.
   */
  @Test
  void shouldSeeTheNoiseOfASensorThatPicturesOfAveragesDoNotShow() {
    Random random = new Random(2);
    FrameLook before = FrameLook.of(noisy(random, 400, 600));
    FrameLook after = FrameLook.of(noisy(random, 400, 600));

    assertThat(after.exposure()).isCloseTo(before.exposure(), within(0.1f));
    assertThat(before.difference(after)).isCloseTo(1.74, within(0.8));
    assertThat(before.difference(before)).isZero();
  }

  /**
   * An eighth of the picture: with the sequence that fills it evenly, 8 of 64 samples, or fewer.
   */
  @Test
  void shouldPassOverAClockInThePicture() {
    PixelImage picture = noisy(new Random(3), 400, 600);
    byte[] stamped = picture.pixels().clone();
    for (int y = 370; y < 400; y++) {
      for (int x = 0; x < 600; x++) {
        stamped[y * 600 + x] = (byte) (x * 7);
      }
    }

    assertThat(FrameLook.of(picture).difference(FrameLook.of(new PixelImage(1, 400, 600, stamped))))
        .isZero();
  }
}
