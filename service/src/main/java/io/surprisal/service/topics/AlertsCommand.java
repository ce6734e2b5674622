package io.surprisal.service.topics;

import io.surprisal.model.detection.FalseDiscoveries;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.AlertText;
import io.surprisal.service.options.CountedReviews;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.ReviewTrustOption;
import io.surprisal.service.options.TopicFollower;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints alerts as they come, or those that nobody has reviewed. */
@Command(name = "alerts", description = "Print alerts as they come, one a line.")
final class AlertsCommand implements Callable<Integer> {

  private final RecordFormat<AnomalyAlert> format = RecordFormat.of(AnomalyAlert.class);
  private final RecordFormat<SourceAlert> sourceFormat = RecordFormat.of(SourceAlert.class);
  private final RecordFormat<ImageScore> scoreFormat = RecordFormat.of(ImageScore.class);
  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final TopicFollower follower;

  @Option(
      names = "--sources",
      description =
          "Print the alerts of sources, which fall silent, freeze or degrade, instead of those of"
              + " images.")
  private boolean sources;

  @Option(
      names = "--unreviewed",
      description =
          "Print the alerts of images that lie there and that nobody has reviewed, and end; --max"
              + " bounds how many.")
  private boolean unreviewed;

  @Option(
      names = "--fdr",
      paramLabel = "SHARE",
      description = {
        "Print the scores of a window that stand out, so that of all of these this share is normal on"
            + " average, in (0, 1), whatever the alert rate (Benjamini and Hochberg).",
        "--max and --timeout are of scores then."
      })
  private Optional<Double> falseDiscoveries = Optional.empty();

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Scores of a window of --fdr (default: ${DEFAULT-VALUE}).")
  private int window;

  @Mixin private final ReviewTrustOption trust = new ReviewTrustOption();

  private long printed;

  AlertsCommand(Invocation invocation) {
    this.invocation = invocation;
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Usage.require(
        spec,
        !sources || !unreviewed,
        "--unreviewed is of images, whose alerts can be reviewed, and does not go with --sources");
    if (falseDiscoveries.isPresent()) {
      return standingOut(falseDiscoveries.get());
    }
    if (unreviewed) {
      HeldRecords held = new HeldRecords(invocation, follower.kafka());
      long most = follower.max();
      CountedReviews reviews = held.reviews(trust.of(follower.kafka()));
      if (reviews.others() > 0) {
        invocation.err().println(reviews.aboutOthers());
      }
      Set<String> reviewed = reviews.byAlert().keySet();
      held.read(
          follower.kafka().topics().alerts(),
          format,
          alert -> {
            printUnreviewed(alert, reviewed);
            return printed < most && !follower.output().closed();
          });
      return 0;
    }
    return sources
        ? follower.follow(follower.kafka().topics().sourceAlerts(), this::printOfSource)
        : follower.follow(follower.kafka().topics().alerts(), this::printOfImage);
  }

  /** Window by window; the last one may be shorter. */
  private int standingOut(double rate) throws InterruptedException {
    Usage.require(spec, rate > 0 && rate < 1, "--fdr is " + rate + ", must be in (0, 1)");
    Usage.require(spec, window >= 1, "--window is " + window + ", must be at least 1");
    Usage.require(
        spec, !sources && !unreviewed, "--fdr is of scores, without --sources and --unreviewed");
    List<ImageScore> seen = new ArrayList<>();
    int exit =
        follower.follow(
            follower.kafka().topics().scores(),
            record -> {
              ImageScore score = scoreFormat.decode(record.value());
              if (score.getPValue() != null) { // null: its release never alerts
                seen.add(score);
              }
              if (seen.size() == window) {
                printStandingOut(seen, rate);
                seen.clear();
              }
            });
    printStandingOut(seen, rate);
    return exit;
  }

  private void printStandingOut(List<ImageScore> scores, double rate) {
    double[] pValues = scores.stream().mapToDouble(ImageScore::getPValue).toArray();
    for (int i : FalseDiscoveries.among(pValues, rate)) {
      ImageScore score = scores.get(i);
      follower
          .output()
          .printLine(
              AvroFields.of(score),
              Printable.text(
                  String.format(Locale.ROOT, "p %.2g  %s", pValues[i], ScoresCommand.line(score))));
    }
  }

  private void printUnreviewed(AnomalyAlert alert, Set<String> reviewed) {
    if (!reviewed.contains(alert.getAlertId())) {
      print(alert);
      printed++;
    }
  }

  private void printOfImage(ConsumerRecord<byte[], byte[]> record) {
    print(format.decode(record.value()));
  }

  private void print(AnomalyAlert alert) {
    follower.output().printLine(AvroFields.of(alert), Printable.text(line(alert)));
  }

  private void printOfSource(ConsumerRecord<byte[], byte[]> record) {
    SourceAlert alert = sourceFormat.decode(record.value());
    follower.output().printLine(AvroFields.of(alert), line(alert));
  }

  private static String line(AnomalyAlert alert) {
    return String.format(
        Locale.ROOT,
        "%s  %8.4f bits/dim%s%s  %s  %s  %s%s%s  alert %s",
        alert.getEventTime(),
        alert.getBitsPerDim(),
        AlertText.threshold(alert),
        AlertText.pValue(alert),
        AlertText.reasons(alert),
        alert.getSource(),
        alert.getImageId(),
        AlertText.boxes(alert, Integer.MAX_VALUE),
        Repairs.text(alert.getRepairs()),
        alert.getAlertId());
  }

  private static String line(SourceAlert alert) {
    return String.format(
        Locale.ROOT,
        "%s  %s  %s %s  since %s  %s",
        alert.getAt(),
        alert.getSource(),
        alert.getKind(),
        alert.getState(),
        alert.getSince(),
        what(alert));
  }

  private static String what(SourceAlert alert) {
    String limit = alert.getHabit() == null ? "limit %.4g" : "limit %.4g, usually %.4g";
    String text =
        switch (alert.getAspect()) {
          case NO_IMAGES -> "no image for %.0f s";
          case SAME_PIXELS -> "the same pixels %.0f times";
          case NEAR_COPIES -> "near-copies %.0f times";
          case EXPOSURE -> "exposure %.1f";
          case FOCUS -> "focus %.2f";
          case COLOUR -> "colour %.1f";
          case REPAIRS -> "repaired %.2f";
          case DEAD_LETTERS -> "dead letters %.2f";
          case UNKNOWN -> "%.4g";
        };
    return String.format(
        Locale.ROOT,
        text + " (" + limit + ")",
        alert.getValue(),
        alert.getThreshold(),
        alert.getHabit());
  }
}
