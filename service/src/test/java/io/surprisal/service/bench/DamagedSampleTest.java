package io.surprisal.service.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DamagedSampleTest {
  /** Brighter from image to image; none is its own inversion. */
  private final ImageDataset images =
      ImageDatasets.of(
          IntStream.range(0, 200)
              .mapToObj(
                  i -> {
                    byte[] pixels = new byte[64];
                    Arrays.fill(pixels, (byte) (i / 2));
                    return new PixelImage(1, 8, 8, pixels);
                  })
              .toList());

  @Test
  void shouldDamageNoneAllOrSome() {
    assertThat(DamagedSample.of(images, 200, 0, 1).damaged()).isZero();
    assertThat(changed(DamagedSample.of(images, 200, 0, 1))).isZero();
    assertThat(DamagedSample.of(images, 200, 1, 1).damaged()).isEqualTo(200);
    assertThat(changed(DamagedSample.of(images, 200, 1, 1))).isEqualTo(200);
    DamagedSample some = DamagedSample.of(images, 200, 0.3, 1);
    assertThat(changed(some)).isEqualTo(some.damaged()).isBetween(30, 90);
  }

  @Test
  void shouldDrawTheSameSampleFromTheSameSeed() {
    DamagedSample first = DamagedSample.of(images, 50, 0.5, 7);

    assertThat(first.images()).hasSize(50);
    assertThat(pixels(DamagedSample.of(images, 50, 0.5, 7))).isEqualTo(pixels(first));
    assertThat(pixels(DamagedSample.of(images, 50, 0.5, 8))).isNotEqualTo(pixels(first));
  }

  private int changed(DamagedSample sample) {
    return (int)
        IntStream.range(0, sample.images().size())
            .filter(i -> !Arrays.equals(sample.images().get(i).pixels(), images.image(i).pixels()))
            .count();
  }

  private static String pixels(DamagedSample sample) {
    return sample.images().stream()
        .map(image -> Arrays.toString(image.pixels()))
        .toList()
        .toString();
  }
}
