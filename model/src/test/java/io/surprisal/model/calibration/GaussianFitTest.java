package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.release.NormalGaussian;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GaussianFitTest {
  private static final int SIDE = 16;
  private static final Random RANDOM = new Random(11);

  /** Vertical waves of a few lengths, any phase, and noise. */
  private static PixelImage waves() {
    double[] brightness = new double[SIDE];
    for (int wave = 1; wave <= 3; wave++) {
      double phase = RANDOM.nextDouble() * 2 * Math.PI;
      double height = RANDOM.nextGaussian();
      for (int x = 0; x < SIDE; x++) {
        brightness[x] += 25 * height * Math.cos(2 * Math.PI * wave * x / SIDE + phase);
      }
    }
    byte[] pixels = new byte[SIDE * SIDE];
    for (int i = 0; i < pixels.length; i++) {
      double value = 128 + brightness[i % SIDE] + 4 * RANDOM.nextGaussian();
      pixels[i] = (byte) Math.max(0, Math.min(255, Math.round(value)));
    }
    return new PixelImage(1, SIDE, SIDE, pixels);
  }

  private static PixelImage turned(PixelImage image) {
    byte[] pixels = new byte[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        pixels[x * SIDE + y] = image.pixels()[y * SIDE + x];
      }
    }
    return new PixelImage(1, SIDE, SIDE, pixels);
  }

  private static double[] distances(NormalGaussian normal, List<PixelImage> images) {
    return images.stream()
        .mapToDouble(image -> GaussianFit.distance(normal, image, Png.bitsPerDim(List.of(image))))
        .sorted()
        .toArray();
  }

  /** The same numbers of pixels, the same codec's length within chance: turned by a right angle. */
  @Test
  void shouldTellImagesOfAnotherKindFromOthersOfTheSame() {
    NormalGaussian normal =
        GaussianFit.fit(IntStream.range(0, 100).mapToObj(i -> waves()).toList());
    assertThat(normal.gaussian().directions()).hasDimensions(12, SIDE * SIDE);
    List<PixelImage> others = IntStream.range(0, 400).mapToObj(i -> waves()).toList();
    double[] usual = distances(normal, others);
    double[] foreign = distances(normal, others.stream().map(GaussianFitTest::turned).toList());

    assertThat(usual[usual.length * 95 / 100])
        .as("in its unit, which is of fits to halves")
        .isBetween(0.3, 2.0);
    double threshold = usual[usual.length * 99 / 100];
    assertThat(Arrays.stream(foreign).filter(distance -> distance > threshold).count())
        .isGreaterThan(380);
  }

  @Test
  void shouldFitImagesThatAreAllTheSame() {
    PixelImage image = waves();
    NormalGaussian normal = GaussianFit.fit(Collections.nCopies(64, image));
    assertThat(distances(normal, List.of(image))[0]).isLessThan(1e-3);
    assertThat(distances(normal, List.of(turned(image)))[0]).isFinite().isGreaterThan(100);
  }

  /** A large image is reduced, so that the Gaussian stays small. */
  @Test
  void shouldSeeLargeImagesReduced() {
    List<PixelImage> images =
        IntStream.range(0, 64)
            .mapToObj(
                i -> {
                  byte[] pixels = new byte[3 * 70 * 100];
                  RANDOM.nextBytes(pixels);
                  return new PixelImage(3, 70, 100, pixels);
                })
            .toList();
    assertThat(GaussianFit.fit(images).gaussian().mean()).hasSize(3 * 18 * 25);
  }
}
