package io.surprisal.service.lab;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.Repair;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.TileScorer;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A picture with all that a release says of it.
 *
 * @param picture as it came
 * @param repairs of its file
 * @param likelihood its score
 * @param evidence where its surprise is
 * @param verdict of the rule
 * @param boxes in pixels of the picture; none unless it alerts for a part of it
 */
record Examination(
    PixelImage picture,
    Set<Repair> repairs,
    ImageLikelihood likelihood,
    LocalEvidence evidence,
    Verdict verdict,
    List<LocalEvidence.Box> boxes) {

  /**
   * Scores one.
   *
   * @param preprocessing of the release
   * @param rule of the release, which knows what local evidence is normal; where it never alerts,
   *     there are no boxes
   * @throws ImageRejectedException if the release does not take the picture
   * @throws IllegalArgumentException if the file does not decode
   */
  static Examination of(
      PictureFiles files, int index, Preprocessing preprocessing, TileScorer scorer, AlertRule rule)
      throws ImageRejectedException {
    DecodedImage read = files.read(index);
    PixelImage picture = read.pixels();
    ImageLikelihood likelihood = scorer.score(List.of(preprocessing.apply(picture)), index).get(0);
    LocalEvidence evidence = rule.localEvidence(likelihood).orElseThrow();
    List<LocalEvidence.Box> boxes =
        rule.boxes(evidence).stream().map(box -> evidence.inPicture(box, size(picture))).toList();
    return new Examination(
        picture,
        read.repairs(),
        likelihood,
        evidence,
        rule.judge(likelihood, Optional.of(evidence)),
        boxes);
  }

  private static PictureSize size(PixelImage picture) {
    return new PictureSize(picture.height(), picture.width());
  }

  /** The window that the local statistic is of, in pixels of the picture. */
  LocalEvidence.Box strongest() {
    return evidence.inPicture(evidence.strongest(), size(picture));
  }

  /** The picture with its boxes, above its map. */
  BufferedImage drawing(OptionalDouble threshold) {
    return EvidencePicture.draw(picture, evidence, EvidencePicture.limit(threshold), boxes);
  }
}
