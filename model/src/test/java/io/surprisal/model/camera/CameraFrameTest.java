package io.surprisal.model.camera;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.PixelImage;
import java.util.BitSet;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CameraFrameTest {
  private static final PixelImage IMAGE = new PixelImage(1, 6, 8, new byte[48]);

  /** The one pixel of the defect is in row 2, column 5. */
  @Test
  void shouldKnowWhetherARectangleHoldsAPixelOfTheDefect() {
    BitSet mask = new BitSet();
    mask.set(2 * 8 + 5);
    CameraFrame frame =
        new CameraFrame(
            0,
            Surface.GRAIN,
            IMAGE,
            Optional.of(new Defect(Defect.Kind.SPOT, Defect.Contrast.CLEAR, mask)));

    assertThat(frame.isDefectWithin(2, 5, 1, 1)).isTrue();
    assertThat(frame.isDefectWithin(0, 0, 6, 8)).isTrue();
    assertThat(frame.isDefectWithin(0, 0, 2, 8)).isFalse();
    assertThat(frame.isDefectWithin(3, 0, 3, 8)).isFalse();
    assertThat(frame.isDefectWithin(0, 0, 6, 5)).isFalse();
    assertThat(frame.isDefectWithin(0, 6, 6, 2)).isFalse();
  }

  @Test
  void shouldHaveNoDefectAnywhereWhereThereIsNone() {
    CameraFrame frame = new CameraFrame(0, Surface.GRAIN, IMAGE, Optional.empty());

    assertThat(frame.isDefectWithin(0, 0, 6, 8)).isFalse();
  }
}
