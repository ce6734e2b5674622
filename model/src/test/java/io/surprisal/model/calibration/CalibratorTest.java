package io.surprisal.model.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.TypicalityFit;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibratorTest {
  private static final ModelConfiguration CONFIGURATION = TinyModels.grey();

  @TempDir Path folder;
  private Release untrained;

  @BeforeEach
  void writeRelease() throws IOException {
    untrained = Release.untrained(folder.resolve("m"), CONFIGURATION, 1);
  }

  private Calibration calibrate(ImageDataset data, int limit, int evaluations) {
    return Calibrator.calibrate(
        untrained, data, limit, evaluations, Execution.CPU, done -> {}, () -> false);
  }

  @Test
  void shouldMeasureTheSameWithSeveralWorkers() {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 45);
    List<Integer> heard = new ArrayList<>();
    Calibration shared =
        Calibrator.calibrate(
            untrained,
            data,
            45,
            4,
            new Execution(Device.cpu(), Precision.FLOAT32, 3),
            heard::add,
            () -> false);
    assertThat(heard).containsExactly(24, 45);
    assertThat(shared.corrections().get(0).bias())
        .isCloseTo(calibrate(data, 45, 4).corrections().get(0).bias(), within(1e-5));
    assertThat(shared.images()).isEqualTo(45);
  }

  /**
   * The untrained network's loss is a known function of the noise level, so the bias of its fixed
   * levels is too: its mean at the levels, less its integral. Within five of the standard errors
   * that the calibration itself states: fails by chance with probability 6e-7.
   */
  @Test
  void shouldMeasureTheBiasOfTheFixedLevels() {
    int images = 160;
    int k = 4;
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, images);
    double secondMoment = Arrays.stream(secondMoments(data)).average().orElseThrow();
    double atLevels = 0;
    for (int i = 0; i < k; i++) {
      atLevels += loss(untrained.levelOffset() + i / (double) k, secondMoment) / k;
    }
    double integral = 0;
    for (int i = 0; i < 10_000; i++) {
      integral += loss((i + 0.5) / 10_000, secondMoment) / 10_000;
    }
    Calibration.Correction correction = calibrate(data, images, k).corrections().get(0);
    double expected = atLevels - integral;
    assertThat(Math.abs(expected)).isGreaterThan(0.5);
    assertThat(correction.evaluations()).isEqualTo(k);
    assertThat(correction.standardError()).isLessThan(Math.abs(expected) / 5);
    assertThat(correction.bias()).isCloseTo(expected, within(5 * correction.standardError()));
  }

  /**
   * The untrained network's error is ε − z = (1 − σ) ε − α x, so that the loss of an evaluation has
   * a known mean and variance in every bin of times. With K = 4 an image gives a bin one evaluation
   * at most: the 40 or so of a bin are independent. Of 32 means none is six of its errors off
   * (probability 7e-8); the pooled variance of the 1248 degrees of freedom, of relative error 4 %
   * or less, is right within 24 % (2e-9).
   */
  @Test
  void shouldMeasureMeanAndVarianceOfTheLossOverTime() {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 320);
    LossProfile profile = calibrate(data, 320, 4).lossProfile();
    assertThat(profile.points()).hasSize(LossBins.BINS);
    assertThat(profile.points().stream().mapToLong(LossProfile.Point::evaluations).sum())
        .isEqualTo(320 * 4);
    double[] secondMoments = secondMoments(data);
    double pooled = 0;
    for (int bin = 0; bin < LossBins.BINS; bin++) {
      LossProfile.Point point = profile.points().get(bin);
      double[] expected = evaluationsIn(bin, secondMoments);
      assertThat(point.t()).isEqualTo((bin + 0.5) / LossBins.BINS);
      assertThat(point.gamma()).isCloseTo(-13.3 + 18.3 * point.t(), within(1e-5));
      assertThat(point.lossBitsPerDim())
          .isCloseTo(expected[0], within(6 * Math.sqrt(expected[1] / point.evaluations())));
      pooled += point.variance() / expected[1] * (point.evaluations() - 1) / (320 * 4 - 32);
    }
    assertThat(pooled).isCloseTo(1, within(0.24));
  }

  /** Mean and variance of one evaluation at a uniform time in a bin, over images and noise. */
  private static double[] evaluationsIn(int bin, double[] secondMoments) {
    int steps = 200;
    double mean = 0;
    double square = 0;
    for (int step = 0; step < steps; step++) {
      double t = (bin + (step + 0.5) / steps) / LossBins.BINS;
      double alpha2 = 1 / (1 + Math.exp(-13.3 + 18.3 * t));
      double beta = Math.pow(1 - Math.sqrt(1 - alpha2), 2);
      for (double secondMoment : secondMoments) {
        double loss = loss(t, secondMoment);
        // ‖(1 − σ) ε − α x‖² is (1 − σ)² times a noncentral χ² with D degrees of freedom.
        double noise =
            Math.pow(0.5 * 18.3 / Math.log(2), 2)
                * (2 * beta * beta + 4 * beta * alpha2 * secondMoment)
                / CONFIGURATION.dimensions();
        mean += loss / steps / secondMoments.length;
        square += (loss * loss + noise) / steps / secondMoments.length;
      }
    }
    return new double[] {mean, square - mean * mean};
  }

  @Test
  void shouldLeaveOutTimesWithTooFewEvaluations() {
    LossProfile profile = calibrate(TinyModels.noiseDataset(CONFIGURATION, 4), 4, 4).lossProfile();
    assertThat(profile.points()).hasSizeLessThan(LossBins.BINS);
    assertThat(profile.evaluationVariance()).isEmpty();
  }

  /** ‖x‖²/D of each image. */
  private static double[] secondMoments(ImageDataset data) {
    double[] moments = new double[data.size()];
    for (int i = 0; i < moments.length; i++) {
      for (byte pixel : data.image(i).pixels()) {
        double x = 2 * ((pixel & 0xff) + 0.5) / 256 - 1;
        moments[i] += x * x / CONFIGURATION.dimensions();
      }
    }
    return moments;
  }

  /** ½ γ′ E‖ε − z‖² a dimension in bits, z = α x + σ ε. */
  private static double loss(double t, double secondMoment) {
    double gamma = -13.3 + 18.3 * t;
    double alpha2 = 1 / (1 + Math.exp(gamma));
    double sigma = Math.sqrt(1 - alpha2);
    return 0.5 * 18.3 * (alpha2 * secondMoment + (1 - sigma) * (1 - sigma)) / Math.log(2);
  }

  /** Each stage is corrected as if it were served alone; the last is the calibration's own. */
  @Test
  void shouldMeasureEveryStage() throws IOException {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 40);
    Calibration calibration =
        Calibrator.calibrate(
            untrained,
            data,
            40,
            new Stages(List.of(2, 4, 8)),
            Execution.CPU,
            done -> {},
            () -> false);
    Calibration last = calibrate(data, 40, 8);

    assertThat(calibration.evaluations()).isEqualTo(8);
    assertThat(calibration.bitsPerDim()).containsExactly(last.bitsPerDim(), within(1e-4f));
    assertThat(calibration.corrections())
        .extracting(Calibration.Correction::evaluations)
        .containsExactly(2, 4, 8);
    assertThat(calibration.corrections().get(0).distance())
        .isGreaterThan(calibration.corrections().get(1).distance());
    assertThat(calibration.corrections().get(2).distance()).isZero();
    Release staged = untrained.recalibrated(folder.resolve("staged"), calibration);
    assertThat(Release.load(folder.resolve("staged")).calibration()).contains(calibration);
    try (ImageScorer scorer =
        new ImageScorer(
            staged, Execution.CPU, BoundEstimator.served(staged, new Stages(List.of(2, 4, 8))))) {
      double mean =
          scorer.score(IntStream.range(0, 40).mapToObj(data::image).toList()).stream()
              .mapToDouble(ImageLikelihood::bitsPerDim)
              .average()
              .orElseThrow();
      double expected = 0;
      for (float bits : calibration.bitsPerDim()) {
        expected += bits / 40;
      }
      assertThat(mean).isCloseTo(expected, within(1e-4));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BoundEstimator.served(staged, new Stages(List.of(1, 8))))
        .withMessageContaining("not calibrated for a stage of 1");
  }

  /** The calibration's scores are those that the calibrated release then gives. */
  @Test
  void shouldHoldTheScoresOfTheServedRelease() throws IOException {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 20);
    List<Integer> progress = new ArrayList<>();
    Calibration calibration =
        Calibrator.calibrate(untrained, data, 12, 4, Execution.CPU, progress::add, () -> false);
    assertThat(progress).isSorted().last().isEqualTo(12);
    Release release = untrained.recalibrated(folder.resolve("calibrated"), calibration);
    float[] served = new float[12];
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, 4)) {
      for (int i = 0; i < served.length; i++) {
        ImageLikelihood likelihood = scorer.score(data.image(i));
        served[i] = (float) likelihood.bitsPerDim();
        assertThat(likelihood.diffusion() + likelihood.prior() + likelihood.reconstruction())
            .isCloseTo(likelihood.bitsPerDim(), within(1e-9));
      }
      assertThat(scorer.correctionError())
          .isEqualTo(calibration.corrections().get(0).standardError());
    }
    Arrays.sort(served);
    assertThat(calibration.bitsPerDim()).containsExactly(served, within(1e-5f));
    assertThat(calibration.evaluations()).isEqualTo(4);
    assertThat(calibration.precision()).isEqualTo(Precision.FLOAT32.toString());
  }

  /**
   * With images enough, some are left out and a control variate is fitted to them: the others'
   * scores are those of the release, in every stage.
   */
  @Test
  void shouldFitAControlVariateToImagesThatItLeavesOut() throws IOException {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 164);
    Stages stages = new Stages(List.of(2, 4));
    Calibration calibration =
        Calibrator.calibrate(untrained, data, 100, stages, Execution.CPU, done -> {}, () -> false);
    assertThat(calibration.images()).isEqualTo(100);
    assertThat(calibration.control()).isPresent();
    Release release = untrained.recalibrated(folder.resolve("controlled"), calibration);
    List<PixelImage> others = notFittedTo(data);
    for (Stages served : List.of(stages, Stages.single(4))) {
      try (ImageScorer scorer =
          new ImageScorer(release, Execution.CPU, BoundEstimator.served(release, served))) {
        float[] scores = new float[100];
        for (int i = 0; i < scores.length; i++) {
          scores[i] = (float) scorer.score(others.get(i)).bitsPerDim();
        }
        Arrays.sort(scores);
        assertThat(calibration.bitsPerDim()).containsExactly(scores, within(1e-4f));
      }
    }
    assertThat(calibration.typicality()).as("of images that may stop early").isEmpty();
  }

  /** Of 164 images, 64 from all over are fitted to. */
  private static List<PixelImage> notFittedTo(ImageDataset data) {
    Set<Integer> fitted =
        IntStream.range(0, 64).mapToObj(i -> i * 164 / 64).collect(Collectors.toSet());
    return IntStream.range(0, 164).filter(i -> !fitted.contains(i)).mapToObj(data::image).toList();
  }

  /** The untypicality of the calibration is that of the images as they will be scored. */
  @Test
  void shouldMeasureHowTypicalTheImagesAre() throws IOException {
    ImageDataset data = TinyModels.noiseDataset(CONFIGURATION, 164);
    Calibration calibration =
        Calibrator.calibrate(untrained, data, 100, 4, Execution.CPU, done -> {}, () -> false);
    Typicality typicality = calibration.typicality().orElseThrow();
    assertThat(typicality.centre()).hasSize(6);
    assertThat(typicality.gaussian()).isPresent();
    Release release = untrained.recalibrated(folder.resolve("typical"), calibration);
    AlertRule rule = AlertRule.of(release, 4, Precision.FLOAT32.toString(), 0.1);
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, 4)) {
      float[] untypicality = new float[100];
      List<ImageLikelihood> served = scorer.score(notFittedTo(data));
      for (int i = 0; i < untypicality.length; i++) {
        untypicality[i] = (float) TypicalityFit.untypicality(typicality, served.get(i));
      }
      float[] calibrated = calibration.untypicality();
      Arrays.sort(calibrated);
      Arrays.sort(untypicality);
      assertThat(calibrated).containsExactly(untypicality, within(1e-2f));
      Verdict blank = rule.judge(scorer.scoreBlank().get(0));
      assertThat(blank.alert(Verdict.Reason.ATYPICAL))
          .as("noise is normal, nothing at all is not")
          .isTrue();
      assertThat(blank.pValue(Verdict.Reason.ATYPICAL)).hasValue(1.0 / 101);
    }
  }

  @Test
  void shouldKeepWhatIsMeasuredWhenStopped() {
    int images =
        Calibrator.calibrate(
                untrained,
                TinyModels.noiseDataset(CONFIGURATION, 100),
                100,
                4,
                Execution.CPU,
                done -> {},
                () -> true)
            .images();
    assertThat(images).isBetween(1, 32);
  }

  @Test
  void shouldRefuseImagesOfAnotherShape() {
    ModelConfiguration other =
        TinyModels.configuration(3, 8, 8, List.of(), Schedule.LEARNED_SCALAR);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> calibrate(TinyModels.noiseDataset(other, 4), 4, 4))
        .withMessageContaining("3×8×8 does not fit the model's 1×8×8");
  }
}
