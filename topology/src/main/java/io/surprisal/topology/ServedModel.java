package io.surprisal.topology;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.function.Function;

/**
 * The release that the stream scores with. Shared by all stream threads.
 *
 * @param releaseId SHA-256 of the release file, hexadecimal
 * @param preprocessing brings a decoded image into the network's shape
 * @param scoring thread-safe; takes preprocessed images
 * @param precision number format of the network's arithmetic
 * @param rule says which images raise an alert
 * @param alertRate share of normal images that the rule was set to alert on, in (0, 1)
 */
public record ServedModel(
    String releaseId,
    Preprocessing preprocessing,
    Function<PixelImage, ImageLikelihood> scoring,
    String precision,
    AlertRule rule,
    double alertRate) {

  /**
   * Serves a release.
   *
   * @param scorer of this release; stays the caller's, who closes it after the stream has ended
   * @param alertRate share of normal images to alert on, in (0, 1)
   */
  public static ServedModel of(Release release, ImageScorer scorer, double alertRate) {
    return new ServedModel(
        release.id(),
        release.preprocessing(),
        scorer::score,
        scorer.precision(),
        AlertRule.of(release, scorer.evaluations(), scorer.precision(), alertRate),
        alertRate);
  }
}
