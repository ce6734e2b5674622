package io.surprisal.topology.serving;

import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Release;

/**
 * The release that the stream scores with. Shared by all stream threads.
 *
 * @param releaseId SHA-256 of the release file, hexadecimal
 * @param preprocessing brings a decoded image into the network's shape
 * @param scoring takes preprocessed images of all partitions
 * @param precision number format of the network's arithmetic
 * @param rules say which images of a source raise an alert
 * @param alertRate share of normal images that the rules were set to alert on, in (0, 1)
 */
public record ServedModel(
    String releaseId,
    Preprocessing preprocessing,
    ScoringQueue scoring,
    String precision,
    AlertRules rules,
    double alertRate) {

  /**
   * Serves a release.
   *
   * @param scoring of this release; stays the caller's, who closes it after the stream has ended
   * @param evaluations K that the images are scored with, at least 1
   * @param precision number format of the network's arithmetic
   * @param alertRate share of normal images to alert on, in (0, 1)
   */
  public static ServedModel of(
      Release release, ScoringQueue scoring, int evaluations, String precision, double alertRate) {
    return new ServedModel(
        release.id(),
        release.preprocessing(),
        scoring,
        precision,
        AlertRules.of(release, evaluations, precision, alertRate),
        alertRate);
  }
}
