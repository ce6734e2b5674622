package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ComponentResidualTest {

  /** A slanted plane with a little noise. */
  private static PixelImage plane(int side, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int slope = random.nextInt(4);
    byte[] pixels = new byte[side * side];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (60 + slope * (i % side) / 2 + random.nextInt(4));
    }
    return new PixelImage(1, side, side, pixels);
  }

  private static PixelImage withSpeck(PixelImage image) {
    byte[] pixels = image.pixels().clone();
    pixels[pixels.length - 1] = (byte) 255;
    pixels[pixels.length - 2] = (byte) 255;
    return new PixelImage(1, image.height(), image.width(), pixels);
  }

  private static ComponentResidual fitted(Preprocessing preprocessing, int side, int images) {
    ComponentResidual.Fit fit = new ComponentResidual.Fit(preprocessing, images, 1);
    for (int i = 0; i < images; i++) {
      fit.add(plane(side, i));
    }
    return fit.residual();
  }

  @Test
  void shouldLeaveMoreOfAnImageWithASpeck() {
    ComponentResidual residual = fitted(Preprocessing.resizing(new ImageShape(1, 12, 12)), 12, 200);

    assertThat(residual.components()).isEqualTo(36);
    assertThat(residual.images()).isEqualTo(200);
    PixelImage normal = plane(12, 1000);
    assertThat(residual.of(withSpeck(normal))).isGreaterThan(10 * residual.of(normal));
  }

  /** The speck is in the last corner, which the last patch ends with. */
  @Test
  void shouldTakeTheWorstPatchOfAPicture() {
    ComponentResidual residual =
        fitted(Preprocessing.tiled(new ImageShape(1, 32, 32), new Tiling(2, 32)), 45, 20);

    assertThat(residual.components()).isEqualTo(32);
    PixelImage normal = plane(45, 1000);
    assertThat(residual.of(withSpeck(normal))).isGreaterThan(10 * residual.of(normal));
  }

  @Test
  void shouldNeedMoreThanAnImage() {
    Preprocessing preprocessing = Preprocessing.resizing(new ImageShape(1, 12, 12));
    ComponentResidual.Fit fit = new ComponentResidual.Fit(preprocessing, 1, 1);
    fit.add(plane(12, 1));

    assertThat(fit.possible()).isFalse();
    assertThatIllegalStateException().isThrownBy(fit::residual);
  }
}
