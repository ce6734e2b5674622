package io.surprisal.service.lab;

import io.surprisal.model.detection.Verdict;

/**
 * What is kept of each picture that was examined.
 *
 * @param index in its files
 * @param bitsPerDim its score
 * @param surprise its local statistic, standard deviations
 * @param verdict of the rule
 * @param brightness mean of all samples, 0 to 255
 */
record ScoredPicture(
    int index, double bitsPerDim, double surprise, Verdict verdict, double brightness) {

  static ScoredPicture of(int index, Examination examined) {
    return new ScoredPicture(
        index,
        examined.likelihood().bitsPerDim(),
        examined.evidence().statistic(),
        examined.verdict(),
        examined.brightness());
  }
}
