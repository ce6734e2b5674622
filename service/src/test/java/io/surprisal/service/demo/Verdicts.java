package io.surprisal.service.demo;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.PictureBox;
import io.surprisal.schemas.ScoreVerdict;
import java.time.Instant;
import java.util.List;

/** Scores and alerts as a scorer writes them. */
final class Verdicts {
  private static final ImageLocation LOCATION = new ImageLocation("images", 0, 0L);

  private Verdicts() {}

  static ImageScore score(DemoCamera.Shot shot, String release, ScoreVerdict verdict) {
    return ImageScore.newBuilder()
        .setRepairs(List.of())
        .setImageId(shot.id())
        .setSource(shot.source())
        .setEventTime(Instant.EPOCH)
        .setReleaseId(release)
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setPrior(0)
        .setDiffusion(4)
        .setReconstruction(0.5)
        .setNoiseLevels(List.of())
        .setSquaredErrors(List.of())
        .setEvaluations(8)
        .setVerdict(verdict)
        .setLocation(LOCATION)
        .build();
  }

  static AnomalyAlert alert(DemoCamera.Shot shot, String release, PictureBox... boxes) {
    return AnomalyAlert.newBuilder()
        .setRepairs(List.of())
        .setAlertId("a")
        .setIncidentId("a")
        .setReasons(
            boxes.length == 0
                ? List.of(AlertReason.LOW_LIKELIHOOD)
                : List.of(AlertReason.LOW_LIKELIHOOD, AlertReason.LOCAL))
        .setImageId(shot.id())
        .setSource(shot.source())
        .setEventTime(Instant.EPOCH)
        .setReleaseId(release)
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setEvaluations(8)
        .setAlertRate(0.01)
        .setThreshold(4.25)
        .setLocation(LOCATION)
        .setBoxes(List.of(boxes))
        .build();
  }

  static PictureBox box(int left, int top, int width, int height) {
    return new PictureBox(left, top, width, height, 7.25);
  }
}
