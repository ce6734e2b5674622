package io.surprisal.service.web;

import io.surprisal.schemas.CalibrationGroup;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import org.jspecify.annotations.Nullable;

/**
 * What a page shows of a score.
 *
 * @param at when the image was taken, milliseconds since 1970-01-01T00:00:00Z
 * @param bitsPerDim the score
 * @param threshold in bits/dim; null: there is none
 * @param bySource whether calibration images of its own source judged it
 * @param releaseId that scored it
 * @param place of the image in the topic of images; null: it lies in another topic
 */
record SeenScore(
    long at,
    double bitsPerDim,
    @Nullable Double threshold,
    boolean alert,
    boolean bySource,
    String imageId,
    String releaseId,
    @Nullable Place place) {

  /**
   * Of a score.
   *
   * @param releaseId the score's, of which all scores share one text
   * @param images the topic of images
   */
  static SeenScore of(ImageScore score, String releaseId, String images) {
    return new SeenScore(
        score.getEventTime().toEpochMilli(),
        score.getBitsPerDim(),
        score.getThreshold(),
        score.getVerdict() == ScoreVerdict.ALERT,
        score.getCalibratedOn() == CalibrationGroup.SOURCE,
        score.getImageId(),
        releaseId,
        score.getLocation().getTopic().equals(images)
            ? new Place(score.getLocation().getPartition(), score.getLocation().getOffset())
            : null);
  }
}
