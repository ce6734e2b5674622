package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageScorerTest {
  private static final ModelConfiguration CONFIGURATION = TinyModels.grey();
  private static final int K = 8;
  private static final double BIAS = 0.25;

  private static final List<PixelImage> IMAGES =
      IntStream.range(0, 37).mapToObj(i -> TinyModels.noise(CONFIGURATION, i)).toList();

  @TempDir Path folder;
  private Release release;

  @BeforeEach
  void writeRelease() throws IOException {
    release =
        Release.write(
            folder.resolve("m"),
            CONFIGURATION,
            TinyModels.trained(CONFIGURATION, 1),
            Optional.of(
                new Calibration(
                    K,
                    Precision.FLOAT32.toString(),
                    new float[] {1},
                    List.of(new Calibration.Correction(K, BIAS, 0.01, 0.5, 1.5)))),
            TinyModels.TRAINING);
  }

  private ImageScorer scorer(int evaluations) {
    return new ImageScorer(release, Execution.CPU, evaluations);
  }

  private static ImageScorer fresh(Release release, int evaluations, long seed) {
    return new ImageScorer(
        release, Execution.CPU, BoundEstimator.fresh(release, evaluations, seed));
  }

  private static void assertSame(List<ImageLikelihood> actual, List<ImageLikelihood> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      ImageLikelihood a = actual.get(i);
      ImageLikelihood e = expected.get(i);
      assertThat(a.bitsPerDim()).isCloseTo(e.bitsPerDim(), within(1e-5));
      assertThat(a.prior()).isCloseTo(e.prior(), within(1e-6));
      assertThat(a.reconstruction()).isCloseTo(e.reconstruction(), within(1e-6));
      assertThat(a.noiseLevels()).isEqualTo(e.noiseLevels());
      assertThat(a.squaredErrors()).containsExactly(e.squaredErrors(), within(1e-5f));
    }
  }

  @Test
  void shouldScoreAnImageTheSameInEveryBatchAndOrder() {
    try (ImageScorer scorer = scorer(K)) {
      List<ImageLikelihood> together = scorer.score(IMAGES);
      assertSame(IMAGES.stream().map(scorer::score).toList(), together);
      List<ImageLikelihood> backwards = new ArrayList<>();
      for (int i = IMAGES.size() - 1; i >= 0; i--) {
        backwards.add(together.get(i));
      }
      List<PixelImage> reversed = new ArrayList<>();
      for (int i = IMAGES.size() - 1; i >= 0; i--) {
        reversed.add(IMAGES.get(i));
      }
      assertSame(scorer.score(reversed), backwards);
      // more evaluations than one network batch holds
      try (ImageScorer many = scorer(150)) {
        assertSame(
            many.score(IMAGES.subList(0, 3)),
            IMAGES.subList(0, 3).stream().map(many::score).toList());
      }
    }
  }

  @Test
  void shouldReplayAScoreExactly() {
    try (ImageScorer first = scorer(K);
        ImageScorer second = scorer(K)) {
      assertThat(second.score(IMAGES)).isEqualTo(first.score(IMAGES));
      assertThat(first.score(IMAGES)).isEqualTo(first.score(IMAGES));
    }
  }

  @Test
  void shouldScoreTheSameOnEveryThread() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (ImageScorer scorer = scorer(K)) {
      List<ImageLikelihood> expected = IMAGES.stream().map(scorer::score).toList();
      List<Future<List<ImageLikelihood>>> results = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        results.add(threads.submit(() -> IMAGES.stream().map(scorer::score).toList()));
      }
      for (Future<List<ImageLikelihood>> result : results) {
        assertSame(result.get(), expected);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void shouldEvaluateAllImagesAtTheReleasesLevelsWhereItIsCalibratedForK() {
    try (ImageScorer corrected = scorer(K);
        ImageScorer uncorrected =
            new ImageScorer(
                release,
                Execution.CPU,
                BoundEstimator.plain(
                    Stages.single(K), NoisePlan.keyedByPixels().atOffset(release.levelOffset())))) {
      List<ImageLikelihood> with = corrected.score(IMAGES);
      List<ImageLikelihood> without = uncorrected.score(IMAGES);
      for (int i = 0; i < with.size(); i++) {
        assertThat(with.get(i).noiseLevels()).isEqualTo(with.get(0).noiseLevels());
        assertThat(without.get(i).bitsPerDim() - with.get(i).bitsPerDim())
            .isCloseTo(BIAS, within(1e-9));
        assertThat(without.get(i).diffusion() - with.get(i).diffusion())
            .isCloseTo(BIAS, within(1e-9));
      }
      assertThat(with.get(0).noiseLevels()[0])
          .isCloseTo((float) (-13.3 + 18.3 * release.levelOffset()), within(1e-4f));
      assertThat(corrected.correctionError()).isEqualTo(0.01);
      assertThat(uncorrected.correctionError()).isZero();
    }
  }

  @Test
  void shouldKeyTheLevelsByThePixelsForAnyOtherK() {
    try (ImageScorer scorer = scorer(5);
        ImageScorer unreleased =
            new ImageScorer(
                CONFIGURATION,
                release.parameters(),
                Execution.CPU,
                BoundEstimator.plain(Stages.single(5), NoisePlan.keyedByPixels()))) {
      List<ImageLikelihood> scores = scorer.score(IMAGES.subList(0, 5));
      assertThat(scores.stream().map(s -> s.noiseLevels()[0]).distinct()).hasSize(5);
      assertThat(scores).isEqualTo(unreleased.score(IMAGES.subList(0, 5)));
      assertThat(scorer.correctionError()).isZero();
      PixelImage copy = new PixelImage(1, 8, 8, IMAGES.get(0).pixels().clone());
      assertThat(scorer.score(copy)).isEqualTo(scorer.score(IMAGES.get(0)));
    }
  }

  @Test
  void shouldDrawFreshNoiseBySeedAndIndexAlone() {
    try (ImageScorer scorer = fresh(release, K, 1);
        ImageScorer same = fresh(release, K, 1);
        ImageScorer other = fresh(release, K, 2)) {
      List<ImageLikelihood> scores = scorer.score(IMAGES, 0);
      assertSame(same.score(IMAGES.subList(10, 20), 10), scores.subList(10, 20));
      assertThat(other.score(IMAGES.get(0))).isNotEqualTo(scores.get(0));
      assertThat(scorer.score(List.of(IMAGES.get(0)), 1).get(0)).isNotEqualTo(scores.get(0));
    }
  }

  /**
   * The mean over images and seeds of an untrained release against its closed form, for noise drawn
   * afresh and for levels keyed by pixels at a K that is not calibrated, within five standard
   * errors from the spread: fails by chance with probability 1.2e-6 (Student's t with 63 degrees of
   * freedom: 1e-5).
   */
  @Test
  void shouldBeUnbiasedAtAnyNumberOfEvaluations() throws IOException {
    Release untrained = Release.untrained(folder.resolve("untrained"), CONFIGURATION, 1);
    int images = 64;
    try (ImageScorer fresh = fresh(untrained, 3, 5);
        ImageScorer keyed = new ImageScorer(untrained, Execution.CPU, 3)) {
      for (ImageScorer scorer : List.of(fresh, keyed)) {
        double[] differences = new double[images];
        for (int i = 0; i < images; i++) {
          PixelImage image = TinyModels.noise(CONFIGURATION, 1000 + i);
          differences[i] = scorer.score(List.of(image), i).get(0).bitsPerDim() - exactBits(image);
        }
        double mean = IntStream.range(0, images).mapToDouble(i -> differences[i]).sum() / images;
        double variance =
            IntStream.range(0, images).mapToDouble(i -> Math.pow(differences[i] - mean, 2)).sum()
                / (images - 1);
        assertThat(variance).isPositive();
        assertThat(mean).isCloseTo(0, within(5 * Math.sqrt(variance / images)));
      }
    }
  }

  /** What ε̂ = z costs one image at γ from −13.3 to 5. */
  private static double exactBits(PixelImage image) {
    double secondMoment = 0;
    double reconstruction = 0;
    int d = image.pixels().length;
    for (byte pixel : image.pixels()) {
      int level = pixel & 0xff;
      double x = 2 * (level + 0.5) / 256 - 1;
      secondMoment += x * x / d;
      reconstruction += (level == 0 || level == 255 ? 0.0052265940 : 0.0104531880) / d;
    }
    double sigma2 = 1 / (1 + Math.exp(-5));
    double prior =
        0.5 * ((1 - sigma2) * secondMoment + sigma2 - Math.log(sigma2) - 1) / Math.log(2);
    double diffusion = 0;
    int steps = 20_000;
    for (int i = 0; i < steps; i++) {
      double gamma = -13.3 + 18.3 * (i + 0.5) / steps;
      double alpha2 = 1 / (1 + Math.exp(gamma));
      double noise = 1 - Math.sqrt(1 - alpha2);
      diffusion += 0.5 * 18.3 * (alpha2 * secondMoment + noise * noise) / steps / Math.log(2);
    }
    return prior + reconstruction + diffusion;
  }

  /**
   * Over seeds, the error that is stated is the spread that is seen, at levels close enough for the
   * loss to be smooth between them. 60 seeds give the spread to within 9 %; the bounds are more
   * than four of those away.
   */
  @Test
  void shouldStateTheMonteCarloErrorThatIsSeen() throws IOException {
    Release untrained = Release.untrained(folder.resolve("untrained"), CONFIGURATION, 1);
    int seeds = 60;
    double[] scores = new double[seeds];
    double stated = 0;
    for (int seed = 0; seed < seeds; seed++) {
      try (ImageScorer scorer = fresh(untrained, 32, seed)) {
        ImageLikelihood likelihood = scorer.score(IMAGES.get(0));
        scores[seed] = likelihood.bitsPerDim();
        stated += likelihood.standardError() * likelihood.standardError() / seeds;
      }
    }
    double mean = IntStream.range(0, seeds).mapToDouble(i -> scores[i]).sum() / seeds;
    double seen =
        IntStream.range(0, seeds).mapToDouble(i -> Math.pow(scores[i] - mean, 2)).sum()
            / (seeds - 1);
    assertThat(Math.sqrt(stated / seen)).isBetween(0.6, 1.7);
  }

  /**
   * A steep smooth curve with noise of a known size: the error of the mean is the noise's. With
   * 2000 repetitions, five standard errors.
   */
  @Test
  void shouldTellASmoothCurveFromNoise() {
    Random random = new Random(4);
    int n = 16;
    double noise = 0.3;
    int repetitions = 2000;
    double square = 0;
    for (int repetition = 0; repetition < repetitions; repetition++) {
      double[] times = new double[n];
      double[] values = new double[n];
      for (int i = 0; i < n; i++) {
        int shuffled = i * 7 % n;
        times[shuffled] = (i + 0.5) / n;
        values[shuffled] = 20 * times[shuffled] + noise * random.nextGaussian();
      }
      square += Math.pow(MonteCarloError.ofMean(times, values), 2) / repetitions;
    }
    double expected = noise * noise / n;
    // relative variance of one estimate is 35/9 /(n − 2) to first order
    assertThat(square)
        .isCloseTo(expected, within(5 * expected * Math.sqrt(35 / 9.0 / (n - 2) / repetitions)));
    assertThat(MonteCarloError.ofMean(new double[] {0, 1}, new double[] {1, 2})).isNaN();
    assertThat(MonteCarloError.ofMean(new double[] {0, 0.4, 0.8}, new double[] {1, 2, 3})).isZero();
  }

  @Test
  void shouldDescribeTheEvaluations() {
    try (ImageScorer scorer = scorer(K)) {
      ImageLikelihood likelihood = scorer.score(IMAGES.get(0));
      assertThat(likelihood.evaluations()).isEqualTo(K);
      assertThat(likelihood.noiseLevels()).hasSize(K);
      assertThat(likelihood.squaredErrors()).hasSize(K);
      double diffusion = 0;
      for (float error : likelihood.squaredErrors()) {
        diffusion += 0.5 * 18.3 * error / Math.log(2) / K;
      }
      assertThat(likelihood.diffusion()).isCloseTo(diffusion - BIAS, within(1e-4));
      assertThat(likelihood.bitsPerDim())
          .isCloseTo(
              likelihood.prior() + likelihood.diffusion() + likelihood.reconstruction(),
              within(1e-9));
      assertThat(scorer.precision()).isEqualTo("float32");
      assertThat(scorer.evaluations()).isEqualTo(K);
    }
  }

  @Test
  void shouldRefuseAnotherShapeAndNoEvaluations() {
    try (ImageScorer scorer = scorer(K)) {
      PixelImage other = new PixelImage(1, 8, 9, new byte[72]);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(List.of(IMAGES.get(0), other)))
          .withMessageContaining("1×8×9 does not fit the model's 1×8×8");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> scorer(0))
        .withMessageContaining("evaluations is 0");
  }

  /**
   * T steps of the untrained network against the closed form, whose errors (1 − σ) ε − α x have
   * mean square (1 − σ)² + α² x² a pixel. Within six Monte-Carlo errors: by chance once in 10⁸.
   */
  @Test
  void shouldScoreInDiscreteTime() throws IOException {
    ModelConfiguration model = TinyModels.configuration(1, 8, 8, List.of(), Schedule.FIXED_LINEAR);
    Release untrained = Release.untrained(folder.resolve("untrained"), model, 1);
    ImageDataset data = TinyModels.noiseDataset(model, 60);
    for (int k : new int[] {10, 5}) {
      try (ImageScorer scorer =
          new ImageScorer(
              untrained,
              Execution.CPU,
              BoundEstimator.plain(Stages.single(k), NoisePlan.fresh(3)).inTimesteps(10))) {
        DatasetLikelihood measured =
            DatasetLikelihood.measure(scorer, data, 60, (i, l) -> {}, () -> false);
        double expected = 0;
        for (int i = 0; i < 60; i++) {
          expected += discreteBits(data.image(i), 10) / 60;
        }
        assertThat(measured.evaluationsPerImage()).isEqualTo(k);
        assertThat(measured.diffusion())
            .isCloseTo(expected, within(k == 10 ? 0.02 * expected : 0.1 * expected));
      }
    }
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                BoundEstimator.plain(Stages.single(11), NoisePlan.keyedByPixels()).inTimesteps(10))
        .withMessageContaining("11 evaluations of 10 timesteps");
  }

  private static double discreteBits(PixelImage image, int steps) {
    double square = 0;
    for (byte pixel : image.pixels()) {
      square += Math.pow(2 * ((pixel & 0xff) + 0.5) / 256 - 1, 2) / 64;
    }
    double nats = 0;
    for (int i = 1; i <= steps; i++) {
      double sigma2 = 1 / (1 + Math.exp(13.3 - 18.3 * i / steps));
      double error = Math.pow(1 - Math.sqrt(sigma2), 2) + (1 - sigma2) * square;
      nats += 0.5 * Math.expm1(18.3 / steps) * error;
    }
    return nats / Math.log(2);
  }

  @Test
  void shouldScoreNothing() {
    try (ImageScorer scorer = scorer(K)) {
      assertThat(scorer.score(List.of())).isEmpty();
    }
  }

  @Test
  void shouldScoreColourOfAnyShape() throws IOException {
    ModelConfiguration colour =
        TinyModels.configuration(3, 4, 6, List.of(5), Schedule.FIXED_LINEAR);
    Release of = Release.untrained(folder.resolve("colour"), colour, 1);
    try (ImageScorer scorer = new ImageScorer(of, Execution.CPU, 64)) {
      PixelImage image = TinyModels.noise(colour, 1);
      ImageLikelihood likelihood = scorer.score(image);
      // more than five of the errors stated would happen by chance once in a million
      assertThat(likelihood.bitsPerDim())
          .isCloseTo(exactBits(image), within(6 * likelihood.standardError()));
    }
  }

  @Test
  void shouldMeasureTheSameWithSeveralWorkers() {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 37);
    Execution three = new Execution(Device.cpu(), Precision.FLOAT32, 3);
    try (ImageScorer alone = fresh(release, K, 4);
        ImageScorer shared = new ImageScorer(release, three, BoundEstimator.fresh(release, K, 4))) {
      List<ImageLikelihood> heard = new ArrayList<>();
      DatasetLikelihood.measure(shared, data, 37, (i, l) -> heard.add(l), () -> false);
      assertSame(heard, alone.score(IntStream.range(0, 37).mapToObj(data::image).toList()));
    }
  }

  @Test
  void shouldMeasureADataSet() {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 37);
    try (ImageScorer scorer = scorer(K)) {
      List<ImageLikelihood> heard = new ArrayList<>();
      DatasetLikelihood measured =
          DatasetLikelihood.measure(
              scorer, data, 30, (index, likelihood) -> heard.add(likelihood), () -> false);
      assertSame(heard, scorer.score(IMAGES.subList(0, 30)));
      double mean = heard.stream().mapToDouble(ImageLikelihood::bitsPerDim).average().orElseThrow();
      double variance =
          heard.stream().mapToDouble(l -> Math.pow(l.bitsPerDim() - mean, 2)).sum() / 29;
      assertThat(measured.images()).isEqualTo(30);
      assertThat(measured.dimensions()).isEqualTo(64);
      assertThat(measured.bitsPerDim()).isCloseTo(mean, within(1e-9));
      assertThat(measured.standardError()).isCloseTo(Math.sqrt(variance / 30 + 1e-4), within(1e-9));
      double prior = heard.stream().mapToDouble(ImageLikelihood::prior).average().orElseThrow();
      double priorVariance =
          heard.stream().mapToDouble(l -> Math.pow(l.prior() - prior, 2)).sum() / 29;
      assertThat(measured.priorStandardError())
          .isCloseTo(Math.sqrt(priorVariance / 30), within(1e-9));
      assertThat(measured.diffusionStandardError())
          .isBetween(measured.reconstructionStandardError(), 2 * measured.standardError());
      assertThat(measured.monteCarloError()).isBetween(0.01, measured.standardError() * 2);
      assertThat(measured.prior() + measured.diffusion() + measured.reconstruction())
          .isCloseTo(mean, within(1e-9));
      assertThat(DatasetLikelihood.measure(scorer, data, 30, (i, l) -> {}, () -> true).images())
          .isBetween(1, 29);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> DatasetLikelihood.measure(scorer, data, 0, (i, l) -> {}, () -> false))
          .withMessageContaining("limit is 0");
    }
  }
}
