package io.surprisal.service.topics;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.TopicFollower;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints statistics as they come. */
@Command(
    name = "statistics",
    description = {
      "Print what each source sent, by window of event time and release, one a line.",
      "A window is told again when more images come: the last line of one source, window, release"
          + " and partition holds."
    })
final class StatisticsCommand implements Callable<Integer> {

  private final RecordFormat<SourceStatistics> format = RecordFormat.of(SourceStatistics.class);
  @Mixin private final TopicFollower follower;

  StatisticsCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(
        follower.kafka().topics().statistics(),
        record -> {
          SourceStatistics statistics = format.decode(record.value());
          follower.output().printLine(AvroFields.of(statistics), line(statistics));
        });
  }

  private static String line(SourceStatistics statistics) {
    return String.format(
        Locale.ROOT,
        "%s  %-16s  %s  %6d images  %5.1f %% alerts  %s bits/dim  drift %s%s%s",
        statistics.getWindowStart(),
        statistics.getOthers() ? "(all others)" : statistics.getSource(),
        statistics.getReleaseId().substring(0, Math.min(12, statistics.getReleaseId().length())),
        statistics.getImages(),
        100 * statistics.getAlertRate(),
        spread(statistics.getMeanBitsPerDim(), statistics.getStandardDeviation(), "%.4f"),
        statistics.getDriftStatistic() == null
            ? "unknown"
            : String.format(Locale.ROOT, "%+.1f", statistics.getDriftStatistic()),
        statistics.getRepaired() == 0 ? "" : "  " + statistics.getRepaired() + " repaired",
        statistics.getCandidateReleaseId() == null ? "" : comparison(statistics));
  }

  private static String comparison(SourceStatistics statistics) {
    String candidate = statistics.getCandidateReleaseId();
    Double difference =
        statistics.getCompared() == 0
            ? null
            : statistics.getCandidateMeanBitsPerDim() - statistics.getComparedMeanBitsPerDim();
    return String.format(
        Locale.ROOT,
        "  candidate %s on %d: %s bits/dim, %d alerts (now %d), %d left out",
        candidate.substring(0, Math.min(12, candidate.length())),
        statistics.getCompared(),
        spread(difference, statistics.getDifferenceStandardError(), "%+.4f"),
        statistics.getCandidateAlerts(),
        statistics.getComparedAlerts(),
        statistics.getNotCompared());
  }

  private static String spread(@Nullable Double mean, @Nullable Double spread, String format) {
    if (mean == null) {
      return "none";
    }
    String value = String.format(Locale.ROOT, format, mean);
    return spread == null ? value : value + String.format(Locale.ROOT, " ± %.4f", spread);
  }
}
