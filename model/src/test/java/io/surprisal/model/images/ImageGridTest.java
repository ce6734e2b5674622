package io.surprisal.model.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.datasets.ImageDatasets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageGridTest {
  private static final byte WHITE = (byte) 255;

  @TempDir private Path folder;

  @Test
  void shouldLayImagesOutRowByRow() {
    List<PixelImage> images = List.of(grey(1, 2), grey(3, 4), grey(5, 6));

    assertThat(new ImageGrid(2, 1).arrange(images))
        .isEqualTo(
            new PixelImage(
                1,
                3,
                5,
                new byte[] {
                  1, 2, WHITE, 3, 4, WHITE, WHITE, WHITE, WHITE, WHITE, 5, 6, WHITE, WHITE, WHITE
                }));
  }

  @Test
  void shouldEnlargePixelsAndKeepTheLinesThin() {
    assertThat(new ImageGrid(2, 3, 1).arrange(List.of(grey(1, 2), grey(3, 4))))
        .isEqualTo(
            new PixelImage(
                1,
                3,
                13,
                new byte[] {
                  1, 1, 1, 2, 2, 2, WHITE, 3, 3, 3, 4, 4, 4,
                  1, 1, 1, 2, 2, 2, WHITE, 3, 3, 3, 4, 4, 4,
                  1, 1, 1, 2, 2, 2, WHITE, 3, 3, 3, 4, 4, 4
                }));
    assertThat(new ImageGrid(2, 5).arrange(List.of(grey(1), grey(3))).width()).isEqualTo(12);
  }

  @Test
  void shouldKeepColourPlanesApart() {
    PixelImage red = new PixelImage(3, 1, 1, new byte[] {9, 0, 0});
    PixelImage blue = new PixelImage(3, 1, 1, new byte[] {0, 0, 8});

    assertThat(new ImageGrid(2, 1).arrange(List.of(red, blue)))
        .isEqualTo(new PixelImage(3, 1, 3, new byte[] {9, WHITE, 0, 0, WHITE, 0, 0, WHITE, 8}));
  }

  @Test
  void shouldWriteThePixelsThatAreReadBack() throws IOException {
    byte[] pixels = new byte[3 * 7 * 5];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 37);
    }
    PixelImage colour = new PixelImage(3, 7, 5, pixels);
    PixelImage grey = new PixelImage(1, 21, 5, pixels);
    Path file = folder.resolve("image.png");

    Png.write(file, colour);
    assertThat(ImageDatasets.open(List.of(file)).image(0)).isEqualTo(colour);
    Png.write(file, grey);
    assertThat(ImageDatasets.open(List.of(file)).image(0)).isEqualTo(grey);
    assertThat(folder).isDirectoryContaining(path -> path.equals(file));
    assertThat(folder.toFile().list()).hasSize(1);
  }

  @Test
  void shouldRefuseWhatNoPictureHolds() {
    assertThatIllegalArgumentException().isThrownBy(() -> new ImageGrid(0, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new ImageGrid(1, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageGrid(1000, 10).requireRoom(1000, 1, 1000, 1000))
        .withMessageContaining("too large")
        .withMessageContaining("smaller scale");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageGrid(1, 1 << 30).requireRoom(1, 1, 1, 1));
  }

  private static PixelImage grey(int... levels) {
    byte[] pixels = new byte[levels.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) levels[i];
    }
    return new PixelImage(1, 1, levels.length, pixels);
  }
}
