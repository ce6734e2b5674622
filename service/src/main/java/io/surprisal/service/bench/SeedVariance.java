package io.surprisal.service.bench;

import io.surprisal.model.calibration.ControlFit;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.variance.VarianceStudy;
import io.surprisal.model.variance.VarianceStudy.Row;
import io.surprisal.model.variance.VarianceStudy.Times;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * How much the diffusion loss of one image varies over seeds, with control variates that know other
 * images only: a Gaussian and polynomials of the times, and the release's own control variate, or
 * one fitted here to a release that has none.
 */
final class SeedVariance {
  /** Images beside the measured ones that the control variates need at least. */
  static final int FEWEST_OTHERS = 64;

  private static final int RANK = 64;
  private static final int CONTROL_IMAGES = 256;

  private final Release release;
  private final Execution execution;
  private final ImageDataset images;
  private final int measured;
  private final GaussianModel gaussian;
  private final ControlVariate control;

  /**
   * Fits what knows other images.
   *
   * @param images of which the first ones are measured; at least {@value #FEWEST_OTHERS} more
   * @param measured how many, at least 4
   * @param gaussianImages most images after those that the Gaussian is fitted to
   * @param stop asked between batches
   * @throws StoppedException if it says so before the control variate is fitted
   */
  SeedVariance(
      Release release,
      Execution execution,
      ImageDataset images,
      int measured,
      int gaussianImages,
      BooleanSupplier stop) {
    this.release = release;
    this.execution = execution;
    this.images = images;
    this.measured = measured;
    gaussian =
        GaussianModel.fit(
            others(gaussianImages).mapToObj(i -> images.image(i).scaled()).toList(), RANK);
    control =
        release
            .calibration()
            .flatMap(Calibration::control)
            .or(
                () ->
                    ControlFit.fit(
                        release,
                        new ImageSubset(images, others(CONTROL_IMAGES).toArray()),
                        execution,
                        stop))
            .orElseThrow(StoppedException::new);
  }

  /** The next images after the measured ones, so many where there are as many. */
  private IntStream others(int most) {
    return IntStream.range(measured, Math.min(images.size(), measured + most));
  }

  /** How many images are gone through, each way to draw the times anew. */
  long steps() {
    return (long) measured * Times.values().length;
  }

  /**
   * Measures.
   *
   * @param stages the numbers of evaluations of an estimate
   * @param seeds estimates of each image, at least 2
   * @param seed of times and noise
   * @param progress is told after every image of every way to draw the times
   */
  List<Row> measure(Stages stages, int seeds, long seed, Runnable progress) {
    try (DiffusionModel model =
            new DiffusionModel(release.configuration(), release.parameters(), execution);
        Workers workers = new Workers("variance", execution.workers())) {
      return new VarianceStudy(model, release.levelOffset(), gaussian, control, seeds, seed)
          .measure(images, measured, stages, workers, progress);
    }
  }
}
