package io.surprisal.model.calibration;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.LocalFit;
import io.surprisal.model.detection.TypicalityFit;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.NormalGaussian;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is normal of whole images beside their bits/dim, learned from some that the calibration
 * leaves out.
 *
 * @param typicality of their traits
 * @param local of their evidence; empty where that does not vary, as of images of one grey
 */
record NormalImages(Typicality typicality, Optional<LocalNormal> local) {
  private static final Logger LOG = LoggerFactory.getLogger(NormalImages.class);
  private static final int IMAGES_A_CALL = 8;

  /**
   * Learns.
   *
   * @param scorer as calibrated for, with evidence of each pixel
   * @param control of that evidence
   * @param gaussian of the same images, which {@code scorer} knows
   * @param data at least two images of the model's shape
   * @param stop asked between batches
   * @return empty where it was stopped
   */
  static Optional<NormalImages> fit(
      ImageScorer scorer,
      LocalControl control,
      NormalGaussian gaussian,
      ImageDataset data,
      Workers workers,
      BooleanSupplier stop) {
    List<double[]> traits = new ArrayList<>();
    EvidenceMap first = scorer.score(data.image(0)).evidence().orElseThrow();
    LocalFit local = new LocalFit(control, first.height(), first.width());
    while (traits.size() < data.size()) {
      if (stop.getAsBoolean()) {
        return Optional.empty();
      }
      int from = traits.size();
      int images = Math.min(data.size() - from, workers.count() * IMAGES_A_CALL);
      workers
          .map(
              (images + IMAGES_A_CALL - 1) / IMAGES_A_CALL,
              call ->
                  scorer.score(
                      IntStream.range(
                              call * IMAGES_A_CALL, Math.min(images, (call + 1) * IMAGES_A_CALL))
                          .mapToObj(i -> data.image(from + i))
                          .toList()))
          .stream()
          .flatMap(List::stream)
          .forEach(
              score -> {
                traits.add(TypicalityFit.traits(score));
                local.add(score.evidence().orElseThrow());
              });
    }
    return Optional.of(new NormalImages(typicality(traits).with(gaussian), normal(local)));
  }

  private static Typicality typicality(List<double[]> traits) {
    return TypicalityFit.fit(traits)
        .inUnitsOf(TypicalityFit.usualDistance(traits, some -> TypicalityFit.fit(some)::distance));
  }

  private static Optional<LocalNormal> normal(LocalFit local) {
    try {
      return Optional.of(local.normal());
    } catch (IllegalStateException e) {
      LOG.warn("no alerts for a part of an image: {}", e.getMessage());
      return Optional.empty();
    }
  }

  double untypicality(ImageLikelihood score) {
    return TypicalityFit.untypicality(typicality, score);
  }

  /** Of an image scored with evidence; only where there is a {@link #local}. */
  double locality(ImageLikelihood score) {
    return new LocalEvidence(score.evidence().orElseThrow(), local.orElseThrow()).statistic();
  }
}
