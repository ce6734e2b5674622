package io.surprisal.trainer.release;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Images that go through the network whole.
 *
 * @param images in the network's shape
 */
public record HeldOutWhole(ImageDataset images) implements HeldOutImages {
  @Override
  public int size() {
    return images.size();
  }

  @Override
  public HeldOutImages subset(int[] which) {
    return new HeldOutWhole(new ImageSubset(images, which));
  }

  @Override
  public double[] bitsPerDim(ImageScorer scorer, BooleanSupplier stop) {
    double[] scores = new double[size()];
    DatasetLikelihood.measure(
        scorer,
        images,
        size(),
        (index, likelihood) -> scores[index] = likelihood.bitsPerDim(),
        stop);
    return scores;
  }

  @Override
  public Optional<Calibration> calibration(
      Release release, int evaluations, Execution execution, BooleanSupplier stop) {
    Calibration calibration =
        Calibrator.calibrate(release, images, size(), evaluations, execution, done -> {}, stop);
    return stop.getAsBoolean() ? Optional.empty() : Optional.of(calibration);
  }

  @Override
  public List<Verdict> verdicts(
      Release calibrated,
      AlertRules rules,
      int evaluations,
      Execution execution,
      BooleanSupplier stop) {
    List<Verdict> verdicts = new ArrayList<>();
    try (ImageScorer scorer = new ImageScorer(calibrated, execution, evaluations)) {
      for (int i = 0; i < size() && !stop.getAsBoolean(); i++) {
        verdicts.add(rules.of(images.source(i)).judge(scorer.score(images.image(i))));
      }
    }
    return verdicts;
  }

  @Override
  public List<String> sources() {
    return IntStream.range(0, size()).mapToObj(i -> images.source(i)).toList();
  }

  @Override
  public List<PixelImage> seen(int most) {
    return IntStream.range(0, Math.min(most, size())).mapToObj(images::image).toList();
  }
}
