package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TypicalityFitTest {

  /** Two traits with a correlation of 0.9, around (3, −1). */
  private static double[] correlated(Random random) {
    double common = random.nextGaussian();
    double own = random.nextGaussian();
    return new double[] {
      3 + 2 * common, -1 + 0.1 * (0.9 * common + Math.sqrt(1 - 0.81) * own),
    };
  }

  @Test
  void shouldMeasureInStandardDeviationsAlongEveryDirection() {
    Random random = new Random(4);
    Typicality typicality =
        TypicalityFit.fit(IntStream.range(0, 20_000).mapToObj(i -> correlated(random)).toList());
    assertThat(typicality.distance(new double[] {3, -1})).isLessThan(0.01);
    // Along the correlation (1, 0.9)/σ: 1 + (0.9 − 0.9)² / 0.19 = 1; across it (1, −0.9): 1 +
    // 17.05.
    assertThat(typicality.distance(new double[] {5, -0.91})).isCloseTo(1, within(0.1));
    assertThat(typicality.distance(new double[] {5, -1.09})).isCloseTo(18.05, within(1.0));
  }

  /**
   * A hundred fresh images' mean is 2 with a standard error of 0.2; 40 traits leave 8 images a
   * direction.
   */
  @Test
  void shouldNotTakeFreshImagesForUntypicalWhereTheFitHadFewImages() {
    Random random = new Random(5);
    List<double[]> few =
        IntStream.range(0, 64).mapToObj(i -> random.doubles(40).toArray()).toList();
    Typicality typicality = TypicalityFit.fit(few);
    double fresh =
        IntStream.range(0, 400)
            .mapToDouble(i -> typicality.distance(random.doubles(40).toArray()))
            .average()
            .orElseThrow();
    double fitted = few.stream().mapToDouble(typicality::distance).average().orElseThrow();
    assertThat(fresh).isLessThan(3 * fitted);
  }

  /** A blank background, or a picture without a detail, makes traits that do not vary. */
  @Test
  void shouldStayFiniteWhereATraitNeverVaries() {
    Typicality typicality =
        TypicalityFit.fit(
            IntStream.range(0, 100).mapToObj(i -> new double[] {7, i % 10, i % 10}).toList());
    assertThat(typicality.distance(new double[] {7, 4.5, 4.5})).isBetween(0.0, 0.01);
    assertThat(typicality.distance(new double[] {8, 4.5, 4.5})).isFinite().isGreaterThan(1e6);
  }

  @Test
  void shouldLookAtErrorsReconstructionAndCodec() {
    ImageLikelihood likelihood =
        new ImageLikelihood(
            3, 0.1, 0.2, 2.5, 0.3, new float[] {-5, 2}, new float[] {0.5f, 0}, 2, 4.25);
    assertThat(TypicalityFit.traits(likelihood))
        .containsExactly(Math.log(0.5), Math.log(1e-12), 0.3, Math.log(4.25));
  }
}
