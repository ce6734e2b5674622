package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LocalFitTest {
  private static final int SIDE = 64;

  /** Noise of variance 1, brighter in a square of 16 × 16. */
  private static EvidenceMap brightAt(int top, int left, long seed) {
    Random random = new Random(seed);
    float[] bits = new float[SIDE * SIDE];
    for (int i = 0; i < bits.length; i++) {
      boolean bright =
          i / SIDE >= top && i / SIDE < top + 16 && i % SIDE >= left && i % SIDE < left + 16;
      bits[i] = (float) random.nextGaussian() + (bright ? 3 : 0);
    }
    return new EvidenceMap(SIDE, SIDE, bits);
  }

  private static EvidenceMap constant(int height, int width, float bits) {
    float[] all = new float[height * width];
    Arrays.fill(all, bits);
    return new EvidenceMap(height, width, all);
  }

  /** Four columns of cells, of pixels ±1; the second is 10 brighter. */
  private static EvidenceMap striped() {
    float[] bits = new float[4 * SIDE];
    for (int i = 0; i < bits.length; i++) {
      int x = i % SIDE;
      bits[i] = (x % 2 == 0 ? 1 : -1) + (x / 16 == 1 ? 10 : 0);
    }
    return new EvidenceMap(4, SIDE, bits);
  }

  private static LocalNormal fitted(LocalFit fit, EvidenceMap image, int images) {
    for (int i = 0; i < images; i++) {
      fit.add(image);
    }
    return fit.normal();
  }

  /**
   * After four images a cell's numbers are those of a mixture, half of its own and half of the
   * whole. The whole has mean 10/4 and variance 1 + 100/4 − 2.5² = 19.75; the bright cell's own
   * pixels 10 and 1. So its mean is 6.25, its variance (1 + 19.75)/2 + 3.75² = 24.4375; the others'
   * are 1.25 and (1 + 19.75)/2 + 1.25² = 11.9375.
   */
  @Test
  void shouldDrawACellTowardsTheWholeAsIfFourMoreImagesHadShownIt() {
    LocalControl control = new LocalControl(List.of(0.5), List.of(0.7));
    LocalNormal normal = fitted(new LocalFit(control, 4, SIDE), striped(), 4);
    assertThat(normal.control()).isEqualTo(control);
    assertThat(normal.windows()).containsExactly(1);
    assertThat(normal.rows()).isEqualTo(1);
    assertThat(normal.columns()).isEqualTo(4);
    for (int column = 0; column < 4; column++) {
      boolean bright = column == 1;
      assertThat(normal.means().get(column)).isCloseTo(bright ? 6.25f : 1.25f, within(1e-5f));
      assertThat(normal.deviations().get(column))
          .isCloseTo((float) Math.sqrt(bright ? 24.4375 : 11.9375), within(1e-5f));
    }
  }

  /** A quarter of √19.75. */
  @Test
  void shouldTrustNoCellToVaryMuchLessThanTheWhole() {
    LocalNormal normal = fitted(new LocalFit(LocalControl.NONE, 4, SIDE), striped(), 100_000);
    for (int column = 0; column < 4; column++) {
      assertThat(normal.deviations().get(column))
          .isCloseTo((float) Math.sqrt(19.75) / 4, within(1e-4f));
      assertThat(normal.means().get(column)).isCloseTo(column == 1 ? 10 : 0, within(1e-3f));
    }
  }

  /**
   * A reflection at the same place each time: no window there is 3 of its cell's deviations out.
   * Where it never is, one is more than 8 out.
   */
  @Test
  void shouldNotBeSurprisedWhereBrightnessIsUsual() {
    LocalFit fit = new LocalFit(LocalControl.NONE, SIDE, SIDE);
    for (int i = 0; i < 60; i++) {
      fit.add(brightAt(16, 16, i));
    }
    LocalNormal normal = fit.normal();
    assertThat(normal.windows()).containsExactly(5, 9, 15);
    // the edges of the bright square are always in the same place
    assertThat(normal.rows()).isEqualTo(16);
    assertThat(normal.columns()).isEqualTo(16);
    LocalEvidence usual = new LocalEvidence(brightAt(16, 16, 100), normal);
    LocalEvidence elsewhere = new LocalEvidence(brightAt(48, 48, 100), normal);
    assertThat(usual.at(24, 24)).isLessThan(3);
    assertThat(elsewhere.at(55, 55)).isGreaterThan(8);
    assertThat(elsewhere.statistic()).isGreaterThan(1.5 * usual.statistic());
    LocalEvidence.Box strongest = elsewhere.strongest();
    assertThat(strongest.top() + strongest.height() / 2).isBetween(48, 63);
    assertThat(strongest.left() + strongest.width() / 2).isBetween(48, 63);
    // where it is dark for once, nothing is surprising either
    assertThat(elsewhere.at(24, 24)).isLessThan(0);
  }

  /** No place is like itself in the next image: small cells would only know chance. */
  @Test
  void shouldNotTellPlacesApartThatAreNotDifferent() {
    LocalFit fit = new LocalFit(LocalControl.NONE, SIDE, SIDE);
    for (int i = 0; i < 12; i++) {
      fit.add(brightAt(SIDE, SIDE, i)); // nowhere
    }
    assertThat(fit.normal().rows()).isEqualTo(4);
  }

  @Test
  void shouldLookThroughTheWindowsThatFitAUsualImage() {
    for (int side : List.of(3, 4, 5, 8, 9, 14, 15, 100)) {
      LocalFit fit = new LocalFit(LocalControl.NONE, side, 200);
      Random random = new Random(side);
      float[] bits = new float[side * 200];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = random.nextFloat();
      }
      List<Integer> expected = List.of(5, 9, 15).stream().filter(window -> window <= side).toList();
      assertThat(fitted(fit, new EvidenceMap(side, 200, bits), 1).windows())
          .isEqualTo(expected.isEmpty() ? List.of(1) : expected);
    }
  }

  @Test
  void shouldTakeImagesOfOtherSizesThanTheUsual() {
    LocalFit fit = new LocalFit(LocalControl.NONE, SIDE, SIDE);
    fit.add(brightAt(16, 16, 1));
    Random random = new Random(2);
    float[] bits = new float[40 * 90];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = (float) random.nextGaussian();
    }
    fit.add(new EvidenceMap(40, 90, bits));
    assertThat(fit.normal().means()).hasSize(3 * 4 * 4);
  }

  @Test
  void shouldRefuseToLearnFromNothing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> new LocalFit(LocalControl.NONE, SIDE, SIDE).normal())
        .withMessageContaining("of 0 images does not vary");
    // no window fits
    assertThatIllegalStateException()
        .isThrownBy(() -> fitted(new LocalFit(LocalControl.NONE, SIDE, SIDE), constant(3, 3, 1), 2))
        .withMessageContaining("of 2 images does not vary");
  }

  @Test
  void shouldRefuseToLearnFromImagesThatDoNotVary() {
    for (float bits : new float[] {0, 1, 0.1f, -3.7f}) {
      assertThatIllegalStateException()
          .as("%s", bits)
          .isThrownBy(
              () -> fitted(new LocalFit(LocalControl.NONE, 32, 48), constant(32, 48, bits), 3))
          .withMessageContaining("of 3 images does not vary");
    }
  }
}
