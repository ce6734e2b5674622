package io.surprisal.trainer.release;

import io.surprisal.schemas.SourceStatistics;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the topic {@code statistics} says of a candidate and the active release on the same images,
 * all sources, windows and partitions together. Windows are told again: the last record of each
 * counts. Not thread-safe.
 */
final class PairedScores {

  /** More candidate-only alerts than this happen to one in a hundred equal candidates. */
  private static final double ALERTS_LEVEL = 0.01;

  private final Map<Window, SourceStatistics> windows = new HashMap<>();

  private record Window(
      String source, boolean others, Instant start, String release, Integer partition) {}

  /** A window as it was told last. */
  void add(SourceStatistics told) {
    windows.put(
        new Window(
            told.getSource(),
            told.getOthers(),
            told.getWindowStart(),
            told.getReleaseId(),
            told.getImagesPartition()),
        told);
  }

  /** Images that both have scored. */
  long images() {
    return windows.values().stream().mapToLong(SourceStatistics::getCompared).sum();
  }

  /** Images of the share that scorers had no time to compare on. */
  long leftOut() {
    return windows.values().stream().mapToLong(SourceStatistics::getNotCompared).sum();
  }

  /** Mean of candidate's score − active one's, bits/dim; NaN of no images. */
  double meanDifference() {
    return windows.values().stream()
            .filter(told -> told.getCompared() > 0)
            .mapToDouble(told -> told.getCompared() * difference(told))
            .sum()
        / images();
  }

  private static double difference(SourceStatistics told) {
    return told.getCandidateMeanBitsPerDim() - told.getComparedMeanBitsPerDim();
  }

  /** Of {@link #meanDifference}, bits/dim; NaN of fewer than two images. */
  double standardError() {
    long n = images();
    double mean = meanDifference();
    double squares = 0;
    for (SourceStatistics told : windows.values()) {
      long m = told.getCompared();
      if (m > 0) {
        double within =
            told.getDifferenceStandardError() == null
                ? 0
                : Math.pow(told.getDifferenceStandardError(), 2) * m * (m - 1);
        squares += within + m * Math.pow(difference(told) - mean, 2);
      }
    }
    return Math.sqrt(squares / (n - 1) / n);
  }

  private long alerts() {
    return windows.values().stream().mapToLong(SourceStatistics::getComparedAlerts).sum();
  }

  private long candidateAlerts() {
    return windows.values().stream().mapToLong(SourceStatistics::getCandidateAlerts).sum();
  }

  private long commonAlerts() {
    return windows.values().stream().mapToLong(SourceStatistics::getCommonAlerts).sum();
  }

  /**
   * Why the candidate is worse; empty where it is not. An equal one is called worse in at most 2 %
   * of draws: 1 % for its scores, 1 % for its alerts.
   *
   * @param tolerance rise in bits/dim that passes
   */
  Optional<String> worse(double tolerance) {
    double bound = Gate.lowerBound(images(), meanDifference(), standardError());
    if (!(bound <= tolerance)) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "on live images bits/dim rise by at least %.4f (99 %% bound), allowed are %s",
              bound,
              tolerance));
    }
    long more = candidateAlerts() - commonAlerts();
    long fewer = alerts() - commonAlerts();
    return atLeast(more, more + fewer) < ALERTS_LEVEL
        ? Optional.of(
            "it alerts on %d live images that the active release does not alert on, which alerts on %d that it does not"
                .formatted(more, fewer))
        : Optional.empty();
  }

  /**
   * Probability of k heads or more in n tosses of a fair coin: of images on which only one of two
   * equal releases alerts, either is as likely to (McNemar 1947, the exact test).
   */
  static double atLeast(long k, long n) {
    double logOf = -n * Math.log(2); // of 0 heads
    double sum = 0;
    for (long heads = 0; heads <= n; heads++) {
      sum += heads >= k ? Math.exp(logOf) : 0;
      logOf += Math.log((double) (n - heads) / (heads + 1));
    }
    return Math.min(1, sum);
  }

  /** For people. */
  String summary() {
    return images() == 0
        ? "no image was scored by both, %d were left out".formatted(leftOut())
        : String.format(
            Locale.ROOT,
            "%+.4f ± %.4f bits/dim on %d live images, %d alerts instead of %d; %d images were left out",
            meanDifference(),
            standardError(),
            images(),
            candidateAlerts(),
            alerts(),
            leftOut());
  }
}
