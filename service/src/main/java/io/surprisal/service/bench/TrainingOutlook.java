package io.surprisal.service.bench;

import io.surprisal.model.fit.ScalingLaw;
import java.util.Arrays;
import java.util.List;

/**
 * What more training would bring, by the law that finished runs follow.
 *
 * @param runs with what the law says of each
 * @param law fitted to them
 * @param prospects of more compute than the dearest run's
 */
record TrainingOutlook(List<Run> runs, ScalingLaw law, List<Prospect> prospects) {
  private static final int[] TIMES = {2, 4, 10};

  /**
   * A finished run.
   *
   * @param release name of its file
   * @param images that it was trained on
   * @param petaflop compute of its training, PFLOP
   * @param bitsPerDim measured
   * @param standardError of {@code bitsPerDim}
   * @param law bits/dim that the law gives this compute
   */
  record Run(
      String release,
      long images,
      double petaflop,
      double bitsPerDim,
      double standardError,
      double law) {}

  /**
   * What the law promises.
   *
   * @param times the compute of the dearest run
   * @param petaflop compute, PFLOP
   */
  record Prospect(int times, double petaflop, double bitsPerDim) {}

  /**
   * Fits the law.
   *
   * @throws IllegalArgumentException if there are too few runs of different compute
   */
  static TrainingOutlook of(List<ReleaseBound> bounds) {
    double[] compute = bounds.stream().mapToDouble(ReleaseBound::petaflop).toArray();
    double[] bits = bounds.stream().mapToDouble(ReleaseBound::bitsPerDim).toArray();
    ScalingLaw law = ScalingLaw.fit(compute, bits);
    double most = Arrays.stream(compute).max().orElseThrow();
    return new TrainingOutlook(
        bounds.stream().map(bound -> run(bound, law)).toList(),
        law,
        Arrays.stream(TIMES)
            .mapToObj(times -> new Prospect(times, times * most, law.at(times * most)))
            .toList());
  }

  private static Run run(ReleaseBound bound, ScalingLaw law) {
    return new Run(
        bound.release(),
        bound.images(),
        bound.petaflop(),
        bound.bitsPerDim(),
        bound.standardError(),
        law.at(bound.petaflop()));
  }
}
