package io.surprisal.topology.statistics;

/**
 * A candidate beside the release that serves, on the same images and so the same noise: the scatter
 * of the differences is far below that of the scores.
 *
 * @param candidate id of the release that is tried
 * @param served scores of the release that serves, bits/dim
 * @param difference candidate's score − served one's, image by image, bits/dim
 * @param servedAlerts images that alert under the release that serves
 * @param candidateAlerts images that would alert under the candidate
 * @param commonAlerts images that do so under both
 * @param missed images of the candidate's share that it did not score
 */
public record Comparison(
    String candidate,
    Moments served,
    Moments difference,
    long servedAlerts,
    long candidateAlerts,
    long commonAlerts,
    long missed) {

  static Comparison of(String candidate) {
    return new Comparison(candidate, Moments.NONE, Moments.NONE, 0, 0, 0, 0);
  }

  /**
   * What one release says of an image.
   *
   * @param bitsPerDim its score
   */
  public record Judged(double bitsPerDim, boolean alert) {}

  /** With one image more that both have scored. */
  Comparison with(Judged byServed, Judged byCandidate) {
    return new Comparison(
        candidate,
        served.with(byServed.bitsPerDim()),
        difference.with(byCandidate.bitsPerDim() - byServed.bitsPerDim()),
        servedAlerts + (byServed.alert() ? 1 : 0),
        candidateAlerts + (byCandidate.alert() ? 1 : 0),
        commonAlerts + (byServed.alert() && byCandidate.alert() ? 1 : 0),
        missed);
  }

  /** With one image more that the candidate did not score. */
  Comparison withMissed() {
    return new Comparison(
        candidate, served, difference, servedAlerts, candidateAlerts, commonAlerts, missed + 1);
  }
}
