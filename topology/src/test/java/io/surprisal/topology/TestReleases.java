package io.surprisal.topology;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import io.surprisal.topology.serving.ServedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** Tiny untrained releases for 8×8 grey images. Real networks and real bounds. */
public final class TestReleases {

  public static final int EVALUATIONS = 16;

  private static final int CALIBRATION_IMAGES = 199;

  private TestReleases() {}

  static Release uncalibrated(Path directory) throws IOException {
    return untrained(directory.resolve("uncalibrated.safetensors"), 1);
  }

  /** Writes a release; seeds that differ give releases that differ. */
  public static Release untrained(Path file, long seed) throws IOException {
    return Release.untrained(
        file,
        new ModelConfiguration(
            1,
            TestImages.SIDE,
            TestImages.SIDE,
            8,
            1,
            2,
            1e-6,
            List.of(),
            0,
            -12.3 - seed, // all that shows in the scores of an untrained network
            5,
            Schedule.LEARNED_SCALAR),
        seed);
  }

  /** Calibrated on grey images, so that a checkerboard is improbable. */
  public static Release calibrated(Path directory) throws IOException {
    Release release = uncalibrated(directory);
    float[] scores = new float[CALIBRATION_IMAGES];
    try (ImageScorer scorer =
        new ImageScorer(
            release,
            Execution.CPU,
            BoundEstimator.plain(
                Stages.single(EVALUATIONS),
                NoisePlan.keyedByPixels().atOffset(release.levelOffset())))) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] = (float) scorer.score(grey(10_000 + i)).bitsPerDim();
      }
      return release.recalibrated(
          directory.resolve("calibrated.safetensors"),
          new Calibration(
              EVALUATIONS,
              scorer.precision(),
              scores,
              List.of(new Calibration.Correction(EVALUATIONS, 0, 0, 1, 1))));
    }
  }

  /**
   * The same, calibrated on as many images of one source more, which all lie at 100 bits/dim.
   *
   * @param usual name of the source of the images that are there
   * @param high name of the other
   */
  static Release ofTwoSources(Release release, Path directory, String usual, String high)
      throws IOException {
    Calibration calibration = release.calibration().orElseThrow();
    int n = calibration.images();
    float[] scores = Arrays.copyOf(calibration.bitsPerDim(), 2 * n);
    Arrays.fill(scores, n, 2 * n, 100);
    List<String> sources = new ArrayList<>(Collections.nCopies(n, usual));
    sources.addAll(Collections.nCopies(n, high));
    return release.recalibrated(
        directory.resolve("sources.safetensors"),
        new Calibration(
            EVALUATIONS,
            calibration.precision(),
            new CalibrationScores(
                scores, new float[0], new float[0], CalibrationSources.of(sources)),
            calibration.corrections(),
            calibration.lossProfile(),
            calibration.control(),
            Optional.empty(),
            Optional.empty()));
  }

  /** The same, but that every image lies further from what is typical than any did. */
  static Release nothingIsTypical(Release release, Path directory) throws IOException {
    Calibration calibration = release.calibration().orElseThrow();
    int traits = EVALUATIONS + 2;
    return release.recalibrated(
        directory.resolve("strict.safetensors"),
        new Calibration(
            EVALUATIONS,
            calibration.precision(),
            calibration.bitsPerDim(),
            calibration.corrections(),
            calibration.lossProfile(),
            calibration.control(),
            Optional.of(
                new Typicality(
                    Collections.nCopies(traits, 1e3),
                    IntStream.range(0, traits)
                        .mapToObj(
                            i ->
                                IntStream.range(0, traits).mapToObj(j -> i == j ? 1.0 : 0).toList())
                        .toList())),
            new float[calibration.images()]));
  }

  /** Serves a release on the threads of the stream, one image after the other. */
  static ServedModel served(Release release, ImageScorer scorer, double alertRate) {
    return ServedModel.of(
        release,
        image -> CompletableFuture.completedFuture(scorer.score(image)),
        scorer.evaluations(),
        scorer.precision(),
        alertRate);
  }

  public static PixelImage grey(long seed) {
    return new PixelImage(1, TestImages.SIDE, TestImages.SIDE, TestImages.greyPixels(seed));
  }
}
