package io.surprisal.model.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DamageTest {
  private static final PixelImage GREY = new PixelImage(3, 30, 40, filled(100));

  private static byte[] filled(int level) {
    byte[] pixels = new byte[3 * 30 * 40];
    Arrays.fill(pixels, (byte) level);
    return pixels;
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeTheSameForTheSameSeedAndLeaveTheOriginal(Damage damage) {
    PixelImage damaged = damage.apply(GREY, new Random(4));

    assertThat(damaged).isNotEqualTo(GREY).isEqualTo(damage.apply(GREY, new Random(4)));
    assertThat(GREY.pixels()).isEqualTo(filled(100));
  }

  /** 3,600 samples: the deviation is within a tenth of 40 with probability 1 − 2e-17. */
  @Test
  void shouldAddNoise() {
    PixelImage noisy = Damage.NOISE.apply(new PixelImage(3, 30, 40, filled(128)), new Random(4));
    double squares = 0;
    for (byte pixel : noisy.pixels()) {
      squares += Math.pow((pixel & 0xff) - 128, 2) / noisy.pixels().length;
    }
    assertThat(Math.sqrt(squares)).isCloseTo(40, within(4.0));
  }

  @Test
  void shouldInvert() {
    assertThat(Damage.INVERSION.apply(GREY, new Random(4)).pixels()).containsOnly((byte) 155);
  }

  @Test
  void shouldCutOutASquareOfAllChannels() {
    PixelImage cut = Damage.CUT_OUT.apply(GREY, new Random(4));
    int grey = 0;
    for (byte pixel : cut.pixels()) {
      grey += (pixel & 0xff) == 128 ? 1 : 0;
    }
    assertThat(grey).isEqualTo(3 * 10 * 10);
  }
}
