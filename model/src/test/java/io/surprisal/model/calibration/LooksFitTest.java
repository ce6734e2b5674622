package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.Stages;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LooksFitTest {
  private static final int TILE = 16;
  private static final int TILES = 5;
  private static final int SIDE = TILE * TILES;
  private static final Stages TWICE = new Stages(List.of(2, 8));

  private static final List<Tiling.Corner> CORNERS =
      IntStream.range(0, TILES * TILES)
          .mapToObj(i -> new Tiling.Corner(i / TILES * TILE, i % TILES * TILE))
          .toList();

  /** Pixels of variance 4 after two evaluations, of variance 1, a part of these, after all. */
  private static ImageLikelihood noise(Random random) {
    float[] first = new float[SIDE * SIDE];
    float[] all = new float[SIDE * SIDE];
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) random.nextGaussian();
      first[i] = all[i] + (float) (Math.sqrt(3) * random.nextGaussian());
    }
    EvidenceMap map = new EvidenceMap(SIDE, SIDE, first, all);
    return new ImageLikelihood(1, 0, 0, 1, 0, new float[1], new float[1], 2, 1, Optional.of(map));
  }

  /**
   * Means over windows then have deviations of 2/side and 1/side. The slope of the second look's
   * surprise on the first's is the correlation, ½, but for the windows' maximum, which lies above 0
   * in both and makes it larger.
   */
  @Test
  void shouldLearnWhatIsUsualAfterEachLook() {
    LooksFit fit = new LooksFit(LocalControl.NONE, TWICE, TILE, TILE);
    Random random = new Random(7);
    assertThat(fit.begun()).isFalse();
    for (int i = 0; i < 12; i++) {
      fit.add(noise(random), CORNERS);
    }

    LocalNormal normal = fit.normal();

    FirstLook look = normal.firstLook().orElseThrow();
    assertThat(look.evaluations()).isEqualTo(2);
    for (int w = 0; w < normal.windows().size(); w++) {
      int cell = normal.index(w, 1, 1);
      int side = normal.windows().get(w);
      assertThat((double) normal.deviations().get(cell)).isCloseTo(1.0 / side, within(0.3 / side));
      assertThat((double) look.deviations().get(cell)).isCloseTo(2.0 / side, within(0.6 / side));
    }
    assertThat(look.agreement()).isBetween(0.4, 0.8);
    // a tile and what reaches into it is touched by some hundreds of windows, of tens of which are
    // independent: their largest lies between 2 and 5 deviations nearly always
    assertThat(look.threshold()).isBetween(2.0, 5.0);
  }

  @Test
  void shouldLearnOneLookWhereThereIsOne() {
    LooksFit fit = new LooksFit(LocalControl.NONE, Stages.single(3), TILE, TILE);
    ImageLikelihood score = noise(new Random(1));
    EvidenceMap once =
        new EvidenceMap(SIDE, SIDE, score.evidence().orElseThrow().complete().bits());
    fit.add(
        new ImageLikelihood(1, 0, 0, 1, 0, new float[1], new float[1], 3, 1, Optional.of(once)),
        CORNERS);

    assertThat(fit.normal().firstLook()).isEmpty();
  }

  @Test
  void shouldRefuseToSayWhatIsUsualOfNothing() {
    LooksFit fit = new LooksFit(LocalControl.NONE, TWICE, TILE, TILE);
    assertThatIllegalArgumentException().isThrownBy(fit::normal);
  }

  @Test
  void shouldLookTwiceWhereAQuarterOfTheEvaluationsIsAWholeNumber() {
    assertThat(PictureCalibrator.stages(8)).isEqualTo(TWICE);
    assertThat(PictureCalibrator.stages(4)).isEqualTo(new Stages(List.of(1, 4)));
    assertThat(PictureCalibrator.stages(6)).isEqualTo(Stages.single(6));
  }
}
