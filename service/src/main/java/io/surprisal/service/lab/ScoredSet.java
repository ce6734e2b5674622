package io.surprisal.service.lab;

import io.surprisal.model.detection.Verdict;
import io.surprisal.model.evaluation.PictureTraits;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What {@code detect} keeps of the images of a set.
 *
 * @param images those that were scored, in their order
 * @param skipped those that could not be, each with the reason
 */
record ScoredSet(List<Scored> images, List<String> skipped) {

  /**
   * One image.
   *
   * @param values of all measures that there are
   * @param verdict of the release's rule
   * @param traits what can be known of it without looking at it
   */
  record Scored(Map<DetectionMeasure, Double> values, Verdict verdict, PictureTraits traits) {}

  ScoredSet {
    images = List.copyOf(images);
    skipped = List.copyOf(skipped);
  }

  /** The values of a measure that there is, by image. */
  double[] values(DetectionMeasure measure) {
    return images.stream()
        .mapToDouble(image -> Objects.requireNonNull(image.values().get(measure)))
        .toArray();
  }

  /** Which of the images alert for a measure that alerts. */
  boolean[] alerts(DetectionMeasure measure) {
    boolean[] alerts = new boolean[images.size()];
    for (int i = 0; i < alerts.length; i++) {
      alerts[i] = measure.alerts().orElseThrow().test(images.get(i).verdict());
    }
    return alerts;
  }

  List<PictureTraits> traits() {
    return images.stream().map(Scored::traits).toList();
  }
}
