package io.surprisal.trainer.release;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.schemas.SourceStatistics;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the topic {@code statistics} says of a candidate and the active release on the same images,
 * all sources, windows and partitions together. Windows are told again: the last record of each
 * counts. Not thread-safe.
 */
final class PairedScores {

  /** More candidate-only alerts than this happen to one in a hundred equal candidates. */
  private static final double ALERTS_LEVEL = 0.01;

  /** The same of a Gaussian. */
  private static final double Z99 = 2.3263478740408408;

  private final Map<Window, SourceStatistics> windows = new HashMap<>();

  private record Window(
      String source, boolean others, Instant start, String release, Integer partition) {}

  /** Whether a window can be one that a scorer has told. */
  static boolean isSound(SourceStatistics told) {
    long compared = told.getCompared();
    boolean counted =
        compared >= 0
            && told.getNotCompared() >= 0
            && isPart(told.getCommonAlerts(), told.getComparedAlerts())
            && isPart(told.getCommonAlerts(), told.getCandidateAlerts())
            && isPart(told.getComparedAlerts(), compared)
            && isPart(told.getCandidateAlerts(), compared);
    boolean measured =
        compared == 0
            || (isFinite(told.getComparedMeanBitsPerDim())
                && isFinite(told.getCandidateMeanBitsPerDim()));
    Double error = told.getDifferenceStandardError();
    return counted && measured && (error == null || (isFinite(error) && error >= 0));
  }

  private static boolean isPart(long part, long whole) {
    return part >= 0 && part <= whole;
  }

  private static boolean isFinite(@Nullable Double value) {
    return value != null && Double.isFinite(value);
  }

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
   * <p>The thresholds of both are estimates: even equal releases alert on different shares of
   * normal images, each by its calibration. So what the candidate alerts on more must be too much
   * for the chance of the images, and for that of images and thresholds together.
   *
   * @param tolerance rise in bits/dim that passes
   * @param thresholdVariance variance of the difference of the shares of normal images that two
   *     equal releases alert on; 0 where it is not known
   */
  Optional<String> worse(double tolerance, double thresholdVariance) {
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
    double error = Math.sqrt(more + fewer + thresholdVariance * images() * images());
    return atLeast(more, more + fewer) < ALERTS_LEVEL && more - fewer > Z99 * error
        ? Optional.of(
            "it alerts on %d live images that the active release does not alert on, which alerts on %d that it does not"
                .formatted(more, fewer))
        : Optional.empty();
  }

  /** How many images of each source both have scored; of sources not told apart under "". */
  Map<String, Long> bySource() {
    Map<String, Long> images = new HashMap<>();
    windows.forEach(
        (window, told) ->
            images.merge(window.others() ? "" : window.source(), told.getCompared(), Long::sum));
    return images;
  }

  /**
   * For {@link #worse}, one release's part of it: where n images have calibrated a rule for a rate,
   * the share of normal images that it alerts on follows Beta(r, n + 1 − r), r = rate (n + 1).
   *
   * @param images how many of each source are compared, at least one in all
   */
  static double thresholdVariance(AlertRules rules, Map<String, Long> images) {
    Map<AlertRule, Long> judged = new HashMap<>();
    images.forEach((source, count) -> judged.merge(rules.of(source), count, Long::sum));
    double all = images.values().stream().mapToLong(count -> count).sum();
    return judged.entrySet().stream()
        .mapToDouble(
            of ->
                Math.pow(of.getValue() / all, 2)
                    * thresholdVariance(of.getKey().alertRate(), of.getKey().images()))
        .sum();
  }

  /**
   * The same of one rule.
   *
   * @param images n
   */
  static double thresholdVariance(double alertRate, int images) {
    return alertRate * (1 - alertRate) / (images + 2);
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
