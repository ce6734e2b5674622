package io.surprisal.model.calibration;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Fits a release's {@link LocalControl}: at each noise level the mean, over images that neither
 * train nor calibrate, of the slope of a pixel's squared error on its squared noise.
 */
final class PixelControlFit {
  private static final int IMAGES_A_CALL = 32;

  private PixelControlFit() {}

  /**
   * Fits.
   *
   * @param served how the release is served, with fixed noise levels
   * @param data at least one image of the model's shape
   * @param stop asked between batches; once true, what is measured so far is taken, at least one
   *     batch
   */
  static LocalControl fit(
      Release release,
      Execution execution,
      BoundEstimator served,
      ImageDataset data,
      BooleanSupplier stop) {
    try (ImageScorer scorer =
            new ImageScorer(release, execution, served.withLocal(LocalControl.NONE));
        Workers workers = new Workers("slopes", execution.workers())) {
      List<double[]> slopes = new ArrayList<>();
      while (slopes.size() < data.size() && (slopes.isEmpty() || !stop.getAsBoolean())) {
        int from = slopes.size();
        int images = Math.min(data.size() - from, workers.count() * IMAGES_A_CALL);
        workers
            .map(
                (images + IMAGES_A_CALL - 1) / IMAGES_A_CALL,
                call ->
                    slopes(
                        scorer,
                        data,
                        from + call * IMAGES_A_CALL,
                        from + Math.min(images, (call + 1) * IMAGES_A_CALL)))
            .forEach(slopes::addAll);
      }
      double[] means = new double[scorer.evaluations()];
      slopes.forEach(image -> Arrays.setAll(means, i -> means[i] + image[i] / slopes.size()));
      return LocalControl.of(scorer.times(data.image(0), 0), means);
    }
  }

  private static List<double[]> slopes(ImageScorer scorer, ImageDataset data, int from, int to) {
    List<ImageEvaluation> some =
        IntStream.range(from, to).mapToObj(i -> scorer.begin(data.image(i), i)).toList();
    scorer.stages().ends().forEach(end -> scorer.advance(some));
    return some.stream().map(ImageEvaluation::slopes).toList();
  }
}
