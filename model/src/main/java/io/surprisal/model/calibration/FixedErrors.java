package io.surprisal.model.calibration;

import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.List;

/**
 * How far images scored at the release's fixed levels lie from what they would score on average
 * over levels and noise. Repetitions at the same levels show the noise alone: what an image's own
 * curve brings about at these levels is in both. So each is compared with the image at random
 * levels and other noise, whose own error is known from its repetitions, less the mean difference,
 * which is the bias that is corrected.
 */
final class FixedErrors {
  private final Repetitions noise = new Repetitions();
  private final List<Double> differences = new ArrayList<>();
  private double estimated;

  void add(ImageLikelihood fixed, ImageLikelihood fixedAgain, ImageLikelihood randomAgain) {
    noise.add(fixed, fixedAgain);
    differences.add(fixed.bitsPerDim() - randomAgain.bitsPerDim());
    estimated += Math.pow(fixed.standardError(), 2);
  }

  /** Never below what the noise alone brings. */
  private double variance(Repetitions random) {
    if (differences.size() < 2) {
      return noise.variance();
    }
    double mean = differences.stream().mapToDouble(d -> d).average().orElseThrow();
    double squares =
        differences.stream().mapToDouble(d -> Math.pow(d - mean, 2)).sum()
            / (differences.size() - 1);
    return Math.max(noise.variance(), squares - random.variance());
  }

  /** Root mean square, bits/dim; 0 for no images. */
  double error(Repetitions random) {
    return Math.sqrt(variance(random));
  }

  double errorScale(Repetitions random) {
    return Math.sqrt(variance(random) / (estimated / differences.size()));
  }
}
