package io.surprisal.model.detection;

import io.surprisal.model.detection.Verdict.Reason;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What alerts is kept out of the next calibration. Without all of it the calibration is cut off at
 * the threshold, and each release alerts more often than the one before; with all of it the
 * threshold rises to where anomalies lie, and fewer of them are caught.
 *
 * <p>So for each reason all stay where they are no more than normal images may raise, by the 99 %
 * quantile of the Poisson law. Where they are more, as many stay as the next rule cuts off, those
 * with the largest p-values: of normal images that alert the p-values lie anywhere up to the rate,
 * of anomalies near the smallest. So the next threshold is next to this one: just above it, the
 * least of those that stay, or, with one fewer, just below it, the largest that did not alert.
 * Which of both, the parity of a count decides, lest thresholds creep from release to release.
 */
public final class CensoredTail {
  private static final double CONFIDENCE = 0.99;

  private CensoredTail() {}

  /**
   * Which of the images that alerted stay, where each source has its rule.
   *
   * @param alerted by their rules; what no longer alerts by its rule stays
   * @param sources of these, at their positions
   * @param others sources of the images that did not alert, one each
   * @return positions in {@code alerted}, ascending
   */
  public static int[] restored(
      List<Verdict> alerted, List<String> sources, AlertRules rules, List<String> others) {
    Map<AlertRule, Long> counts =
        others.stream().collect(Collectors.groupingBy(rules::of, Collectors.counting()));
    return IntStream.range(0, alerted.size())
        .boxed()
        .collect(Collectors.groupingBy(i -> rules.of(sources.get(i))))
        .entrySet()
        .stream()
        .flatMapToInt(
            group -> {
              List<Integer> its = group.getValue();
              int fewer = counts.getOrDefault(group.getKey(), 0L).intValue();
              return Arrays.stream(
                      restored(its.stream().map(alerted::get).toList(), group.getKey(), fewer))
                  .map(its::get);
            })
        .sorted()
        .toArray();
  }

  /**
   * Which of the images that alerted stay.
   *
   * @param alerted by the rule; what no longer alerts by it stays
   * @param others how many images did not alert
   * @return positions in {@code alerted}, ascending
   */
  static int[] restored(List<Verdict> alerted, AlertRule rule, int others) {
    double rate = rule.alertRate();
    double expected = others * rate / (1 - rate);
    int cut = AlertRule.rank(rate, others + (int) Math.round(expected));
    IntStream all =
        IntStream.range(0, alerted.size()).filter(i -> alerted.get(i).decisive().isEmpty());
    for (Reason reason : Reason.values()) {
      int[] its =
          IntStream.range(0, alerted.size())
              .filter(i -> alerted.get(i).decisive().filter(reason::equals).isPresent())
              .toArray();
      all =
          IntStream.concat(
              all,
              kept(
                  its,
                  alerted,
                  expected * rule.share(reason),
                  cut(rule.share(reason) * cut, others)));
    }
    return all.sorted().toArray();
  }

  private static long cut(double expected, int others) {
    return Math.max(0, Math.round(expected) - others % 2);
  }

  private static IntStream kept(int[] its, List<Verdict> alerted, double expected, long cut) {
    return its.length <= quantile(expected)
        ? Arrays.stream(its)
        : Arrays.stream(its)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -alerted.get(i).pValue().orElseThrow()))
            .limit(cut)
            .mapToInt(i -> i);
  }

  /** Of the Poisson law. */
  private static int quantile(double mean) {
    double mass = Math.exp(-mean);
    double cumulative = mass;
    int k = 0;
    while (cumulative < CONFIDENCE && mass > 0) {
      k++;
      mass *= mean / k;
      cumulative += mass;
    }
    return k;
  }
}
