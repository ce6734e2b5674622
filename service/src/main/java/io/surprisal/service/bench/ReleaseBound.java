package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.function.BooleanSupplier;

/**
 * The bound that a release reaches on images that did not train it, and what its training cost.
 *
 * @param release name of its file
 * @param images that it was trained on
 * @param petaflop compute of its training, PFLOP
 * @param bitsPerDim measured
 * @param standardError of {@code bitsPerDim}
 */
record ReleaseBound(
    String release, long images, double petaflop, double bitsPerDim, double standardError) {
  private static final double PASSES_A_STEP = 3; // a backward pass costs about two forward ones
  private static final double PETA = 1e15;

  /** Compute of a release's training, PFLOP; 0 where it does not say on how many images. */
  static double petaflop(Release release) {
    return PASSES_A_STEP
        * ForwardCost.flops(release.configuration())
        * release.training().images()
        / PETA;
  }

  /**
   * Measures.
   *
   * @param name of the release's file
   * @param limit only so many images
   * @param evaluations of the network an image
   * @param stop asked between batches; once true, the figure is of what is scored so far
   * @param progress is told after every image
   */
  static ReleaseBound measure(
      String name,
      Release release,
      Execution execution,
      ImageDataset images,
      int limit,
      int evaluations,
      BooleanSupplier stop,
      Runnable progress) {
    try (ImageScorer scorer = new ImageScorer(release, execution, evaluations)) {
      DatasetLikelihood likelihood =
          DatasetLikelihood.measure(scorer, images, limit, (index, image) -> progress.run(), stop);
      return new ReleaseBound(
          name,
          release.training().images(),
          petaflop(release),
          likelihood.bitsPerDim(),
          likelihood.standardError());
    }
  }
}
