package io.surprisal.service.lab;

import io.surprisal.model.calibration.GaussianFit;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.ImageStatistics;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.Statistic;
import io.surprisal.model.evaluation.PictureTraits;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.TileScorer;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Scores the images of sets as the stream does, those of a set side by side. */
final class SetScoring {
  private static final int IMAGES_A_CALL = 8;

  private final Invocation invocation;
  private final Preprocessing preprocessing;
  private final ImageScorer scorer;
  private final Workers workers;
  private final ImageStatistics statistics;
  private final AlertRule rule;
  private final ComponentFit.Outcome baselines;

  /** Is shown where in an image the surprise is, as soon as it is scored. */
  @FunctionalInterface
  interface Witness {
    void scored(int index, LocalEvidence evidence);
  }

  /**
   * Of a release.
   *
   * @param scorer stays the caller's, as do the workers
   * @param baselines those that there are
   */
  SetScoring(
      Invocation invocation,
      Preprocessing preprocessing,
      ImageScorer scorer,
      Workers workers,
      ImageStatistics statistics,
      AlertRule rule,
      ComponentFit.Outcome baselines) {
    this.invocation = invocation;
    this.preprocessing = preprocessing;
    this.scorer = scorer;
    this.workers = workers;
    this.statistics = statistics;
    this.rule = rule;
    this.baselines = baselines;
  }

  /** An image before and after preprocessing. */
  private record Prepared(int index, PictureTraits traits, PixelImage applied) {}

  /**
   * Scores images of a set, until the user wishes to stop.
   *
   * @param task what it is called while it goes on
   * @param which of the images
   */
  ScoredSet score(String task, ImageSource images, int[] which, Witness witness) {
    List<ScoredSet.Scored> scored = new ArrayList<>();
    List<String> skipped = new ArrayList<>();
    if (images instanceof PictureFiles files) {
      files.skipped().forEach(file -> skipped.add(file.file() + ": " + file.reason()));
    }
    int together = preprocessing.tiling().isPresent() ? 1 : workers.count() * IMAGES_A_CALL;
    try (Progress progress = invocation.progress(task, which.length, "images")) {
      for (int from = 0; from < which.length && !invocation.stop().requested(); from += together) {
        int end = Math.min(which.length, from + together);
        List<Prepared> prepared = new ArrayList<>();
        for (int i = from; i < end; i++) {
          prepare(images, which[i], skipped).ifPresent(prepared::add);
        }
        List<ImageLikelihood> likelihoods = likelihoods(prepared);
        for (int i = 0; i < prepared.size(); i++) {
          scored.add(scored(prepared.get(i), likelihoods.get(i), witness));
        }
        progress.stepTo(end);
      }
    }
    return new ScoredSet(scored, skipped);
  }

  private Optional<Prepared> prepare(ImageSource images, int index, List<String> skipped) {
    try {
      PixelImage image = images.image(index);
      PictureTraits traits =
          images instanceof PictureFiles files
              ? PictureTraits.ofFile(image, files.file(index))
              : PictureTraits.of(image);
      return Optional.of(new Prepared(index, traits, preprocessing.apply(image)));
    } catch (ImageRejectedException | IllegalArgumentException | UncheckedIOException e) {
      String reason = images.name(index) + ": " + e.getMessage();
      skipped.add(reason);
      invocation.err().println("surprisal: skipped: " + reason);
      return Optional.empty();
    }
  }

  /** The tiles of one picture side by side, or images in as many calls as there are workers. */
  private List<ImageLikelihood> likelihoods(List<Prepared> prepared) {
    List<PixelImage> images = prepared.stream().map(Prepared::applied).toList();
    if (preprocessing.tiling().isPresent()) {
      return new TileScorer(scorer, preprocessing, workers).score(images, 0);
    }
    return workers
        .map(
            (images.size() + IMAGES_A_CALL - 1) / IMAGES_A_CALL,
            call -> {
              int first = call * IMAGES_A_CALL;
              return scorer.score(
                  images.subList(first, Math.min(images.size(), first + IMAGES_A_CALL)), first);
            })
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  private ScoredSet.Scored scored(Prepared image, ImageLikelihood likelihood, Witness witness) {
    Optional<LocalEvidence> evidence = statistics.localEvidence(likelihood);
    evidence.ifPresent(where -> witness.scored(image.index(), where));
    Map<Statistic, Double> of = statistics.of(likelihood, evidence);
    Map<DetectionMeasure, Double> values = new EnumMap<>(DetectionMeasure.class);
    for (DetectionMeasure measure : DetectionMeasure.values()) {
      measure
          .statistic()
          .filter(of::containsKey)
          .ifPresent(statistic -> values.put(measure, of.get(statistic)));
    }
    baselines.residual().ifPresent(c -> values.put(DetectionMeasure.PCA, c.of(image.applied())));
    baselines
        .gaussian()
        .ifPresent(
            normal ->
                values.put(
                    DetectionMeasure.GAUSSIAN,
                    GaussianFit.distance(normal, image.applied(), likelihood.codecBitsPerDim())));
    values.put(DetectionMeasure.CODEC, likelihood.codecBitsPerDim());
    return new ScoredSet.Scored(values, rule.judge(likelihood, evidence), image.traits());
  }
}
