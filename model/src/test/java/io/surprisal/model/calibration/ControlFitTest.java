package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The untrained network ε̂ = z, whose loss is known exactly for every image: images of noise. */
class ControlFitTest {
  private static final ModelConfiguration MODEL =
      TinyModels.configuration(1, 8, 8, List.of(), Schedule.FIXED_LINEAR);
  private static final int K = 8;

  @TempDir static Path folder;
  private static Release untrained;
  private static Optional<ControlVariate> control;

  private static PixelImage image(int index) {
    return TinyModels.noise(MODEL, index);
  }

  private static PixelImage halfBlack(int index) {
    byte[] pixels = image(index).pixels();
    Arrays.fill(pixels, 0, pixels.length / 2, (byte) 0);
    return new PixelImage(1, 8, 8, pixels);
  }

  @BeforeAll
  static void fit() throws IOException {
    untrained = Release.untrained(folder.resolve("untrained"), MODEL, 1);
    ImageDataset data = TinyModels.dataset(MODEL, 80, i -> image(1000 + i));
    control = ControlFit.fit(untrained, data, Execution.CPU, () -> false);
  }

  @Test
  void shouldFindTheLevelThatManyPixelsHave() {
    ImageDataset data = TinyModels.dataset(MODEL, 3, ControlFitTest::halfBlack);
    assertThat(ControlFit.fit(untrained, data, Execution.CPU, () -> false).orElseThrow().atoms())
        .containsExactly(0);
    assertThat(control.orElseThrow().atoms()).isEmpty();
  }

  /**
   * Over 400 seeds the mean score of an image is its exact one, with and without the control
   * variate, within five standard errors (by chance once in 10⁶); and the variance is less by far.
   */
  @Test
  void shouldTakeVarianceAwayAndLeaveTheMean() {
    PixelImage image = image(7);
    double plain = variance(image, Optional.empty());
    double controlled = variance(image, control);

    assertThat(controlled).as("variance without: %s", plain).isLessThan(plain / 4);
  }

  private static BoundEstimator estimator(NoisePlan noise, Optional<ControlVariate> control) {
    BoundEstimator plain = BoundEstimator.plain(Stages.single(K), noise);
    return control.map(plain::controlledBy).orElse(plain);
  }

  private static double variance(PixelImage image, Optional<ControlVariate> control) {
    int seeds = 400;
    double[] scores = new double[seeds];
    try (ImageScorer scorer =
        new ImageScorer(untrained, Execution.CPU, estimator(NoisePlan.fresh(3), control))) {
      for (int seed = 0; seed < seeds; seed++) {
        scores[seed] = scorer.score(List.of(image), seed).get(0).diffusion();
      }
    }
    double mean = Arrays.stream(scores).average().orElseThrow();
    double variance = Arrays.stream(scores).map(s -> (s - mean) * (s - mean)).sum() / (seeds - 1);
    assertThat(mean).isCloseTo(exactDiffusion(image), within(5 * Math.sqrt(variance / seeds)));
    return variance;
  }

  /** ½ ∫ E‖ε − z‖² dγ / (D ln 2), z = α x + σ ε. */
  private static double exactDiffusion(PixelImage image) {
    double secondMoment = 0;
    for (float x : image.scaled()) {
      secondMoment += x * x / image.pixels().length;
    }
    int steps = 20_000;
    double diffusion = 0;
    for (int i = 0; i < steps; i++) {
      double gamma = -13.3 + 18.3 * (i + 0.5) / steps;
      double alpha2 = 1 / (1 + Math.exp(gamma));
      double noise = 1 - Math.sqrt(1 - alpha2);
      diffusion += 0.5 * 18.3 * (alpha2 * secondMoment + noise * noise) / steps / Math.log(2);
    }
    return diffusion;
  }

  @Test
  void shouldGiveAScoreThatDoesNotDependOnTheBatch() {
    try (ImageScorer scorer =
        new ImageScorer(
            untrained,
            Execution.CPU,
            estimator(NoisePlan.keyedByPixels().atOffset(untrained.levelOffset()), control))) {
      var images = IntStream.range(0, 20).mapToObj(ControlFitTest::image).toList();
      var together = scorer.score(images);
      for (int i = 0; i < images.size(); i++) {
        assertThat(scorer.score(images.get(i)).bitsPerDim())
            .isCloseTo(together.get(i).bitsPerDim(), within(1e-5));
      }
    }
  }

  /** Images to fit to lie all over the data, and leave the others to the calibration. */
  @Test
  void shouldTakeWhatTheLimitLeavesOverOrATenth() {
    assertThat(ControlFit.images(2000, 3000)).hasSize(256).contains(0, 2988).isSorted();
    assertThat(ControlFit.images(2000, 2000)).hasSize(200).doesNotHaveDuplicates();
    assertThat(ControlFit.images(2000, 600)).isEmpty();
    assertThat(ControlFit.images(500, 600)).hasSize(100);
  }

  @Test
  void shouldFitNothingToNoImagesOrWhenStopped() {
    ImageDataset none = TinyModels.dataset(MODEL, 0, i -> image(i));
    ImageDataset some = TinyModels.dataset(MODEL, 70, i -> image(i));
    assertThat(ControlFit.fit(untrained, none, Execution.CPU, () -> false)).isEmpty();
    assertThat(ControlFit.fit(untrained, some, Execution.CPU, () -> true)).isEmpty();
  }
}
