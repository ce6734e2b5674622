package io.surprisal.service.lab;

import io.surprisal.model.detection.Verdict;
import io.surprisal.model.evaluation.PictureTraits;
import java.nio.file.Path;

/**
 * What is kept of each picture that was examined.
 *
 * @param index in its files
 * @param bitsPerDim its score
 * @param surprise its local statistic, standard deviations
 * @param verdict of the rule
 * @param traits what can be known of it without a release
 */
record ScoredPicture(
    int index, double bitsPerDim, double surprise, Verdict verdict, PictureTraits traits) {

  static ScoredPicture of(int index, Path file, Examination examined) {
    return new ScoredPicture(
        index,
        examined.likelihood().bitsPerDim(),
        examined.evidence().statistic(),
        examined.verdict(),
        PictureTraits.ofFile(examined.picture(), file));
  }
}
