package io.surprisal.service.demo;

import io.surprisal.model.release.Release;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.AlertText;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a demo run has seen: prints alerts as they come and a summary at the end. One thread. */
final class DemoReport {
  /** Boxes that a line names. */
  private static final int MOST_BOXES = 3;

  /** Alerts of an incident that are printed each; of further ones the 16th, 32nd, 64th … is. */
  private static final int PRINTED_EACH = 10;

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());

  private final Invocation invocation;
  private final Output output;
  private final DemoTally tally;
  private final List<Double> bitsPerDim = new ArrayList<>();
  private int alerts;
  private int alertsRead;

  /** How many alerts each incident has. */
  private final Map<String, Integer> incidents = new HashMap<>();

  /** Run whose release was announced last, and for when. */
  private String expectedRun = "";

  private int deadLetters;
  private long published;
  private Duration elapsed = Duration.ZERO;
  private long firstScoreMillis;

  DemoReport(Invocation invocation, Output output, DemoTally tally) {
    this.invocation = invocation;
    this.output = output;
    this.tally = tally;
  }

  private record Distribution(
      double least, double p05, double median, double p95, double p99, double most) {

    static Distribution of(List<Double> values) {
      List<Double> sorted = new ArrayList<>(values);
      Collections.sort(sorted);
      return new Distribution(
          at(sorted, 0),
          at(sorted, 0.05),
          at(sorted, 0.5),
          at(sorted, 0.95),
          at(sorted, 0.99),
          at(sorted, 1));
    }

    private static double at(List<Double> sorted, double share) {
      return sorted.isEmpty()
          ? Double.NaN
          : sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }
  }

  /** One image has been scored. */
  void scored(ImageScore score, DemoCamera.Shot shot) {
    if (bitsPerDim.isEmpty()) {
      firstScoreMillis = System.currentTimeMillis();
    }
    bitsPerDim.add(score.getBitsPerDim());
    alerts += score.getVerdict() == ScoreVerdict.ALERT ? 1 : 0;
    tally.scored(score, shot);
  }

  /** One image has raised an alert. It is printed unless the image was shown before. */
  void alerted(AnomalyAlert alert, DemoCamera.Shot shot) {
    alertsRead++;
    tally.alerted(alert, shot);
    int ofIncident = incidents.merge(alert.getIncidentId(), 1, Integer::sum);
    boolean printed = ofIncident <= PRINTED_EACH || (ofIncident & (ofIncident - 1)) == 0;
    if (!output.json() && shot.round() == 0 && printed) {
      invocation
          .out()
          .println(
              Printable.text(line(alert, shot))
                  + (ofIncident <= PRINTED_EACH
                      ? ""
                      : "  (alert %d of its incident)".formatted(ofIncident)));
    }
  }

  private int largestIncident() {
    return incidents.values().stream().mapToInt(size -> size).max().orElse(0);
  }

  /** Whether alerts of images that were scored are still to be read. */
  boolean awaitsAlerts() {
    return alertsRead < alerts;
  }

  private String line(AnomalyAlert alert, DemoCamera.Shot shot) {
    String remark = tally.remark(alert, shot);
    return String.format(
        Locale.ROOT,
        "ALERT  %s  %-14s %7.4f bits/dim%s  %s%s%s",
        alert.getImageId(),
        alert.getSource(),
        alert.getBitsPerDim(),
        AlertText.threshold(alert),
        AlertText.reasons(alert),
        AlertText.boxes(alert, MOST_BOXES),
        remark.isEmpty() ? "" : "  " + remark);
  }

  /** Prints what the trainer says, but for its mere progress. */
  void told(TrainerEvent event) {
    if (!output.json()
        && event.getReleaseExpectedAt() != null
        && !expectedRun.equals(event.getRunId())) {
      expectedRun = event.getRunId();
      invocation
          .out()
          .printf("TRAINER  release expected at %s%n", CLOCK.format(event.getReleaseExpectedAt()));
    }
    if (!output.json() && event.getType() != TrainerEventType.RUN_PROGRESS) {
      invocation
          .out()
          .printf("TRAINER  %s  %s%n", event.getType(), Printable.text(event.getMessage()));
    }
  }

  /** One image has become a dead letter. It is named unless it was shown before. */
  void deadLetter(DemoCamera.Shot shot, String reason) {
    deadLetters++;
    if (!output.json() && shot.round() == 0) {
      invocation
          .out()
          .printf("NOT SCORED  %s  %s  %s%n", shot.id(), shot.source(), Printable.text(reason));
    }
  }

  /** A rate with at most four digits. */
  static String rate(double alertRate) {
    return String.valueOf(Math.round(1e4 * alertRate) / 1e4);
  }

  /** Whether nobody reads what is printed any more, for example because {@code head} has enough. */
  boolean unread() {
    return output.closed();
  }

  /** The camera has ended, and what it published has been read back, in this time altogether. */
  void ended(long images, Duration time) {
    published = images;
    elapsed = time;
  }

  /**
   * Prints the summary.
   *
   * @param processStart when this process started, in milliseconds since the epoch
   */
  void print(long processStart, Release release, double alertRate, int evaluations) {
    double seconds = elapsed.toMillis() / 1000.0;
    double toFirstScore =
        bitsPerDim.isEmpty() ? Double.NaN : (firstScoreMillis - processStart) / 1000.0;
    Distribution d = Distribution.of(bitsPerDim);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("release", release.id());
    summary.put("evaluations", evaluations);
    summary.put("secondsToFirstScore", toFirstScore);
    summary.put("published", published);
    summary.put("scored", bitsPerDim.size());
    summary.put("deadLetters", deadLetters);
    summary.put("seconds", seconds);
    summary.put("imagesPerSecond", bitsPerDim.size() / seconds);
    summary.put("bitsPerDim", d);
    summary.put("alertRate", alertRate);
    summary.put("alerts", alerts);
    summary.put("incidents", incidents.size());
    summary.put("largestIncident", largestIncident());
    tally.addTo(summary);
    Table table =
        new Table("Summary", "")
            .row("release", release.id().substring(0, 12) + "…, K = " + evaluations)
            .row(
                "first score",
                bitsPerDim.isEmpty()
                    ? "none"
                    : "%.1f s after the start of the process".formatted(toFirstScore))
            .row(
                "images",
                "%d published, %d scored, %d dead letters"
                    .formatted(published, bitsPerDim.size(), deadLetters))
            .row(
                "throughput",
                "%.1f images/s over %.1f s".formatted(bitsPerDim.size() / seconds, seconds))
            .row(
                "bits/dim",
                bitsPerDim.isEmpty()
                    ? "none"
                    : "median %.3f, 5 %% to 95 %% %.3f to %.3f, 99 %% %.3f, all %.3f to %.3f"
                        .formatted(d.median(), d.p05(), d.p95(), d.p99(), d.least(), d.most()))
            .row("alerts", "%d at an alert rate of %s".formatted(alerts, rate(alertRate)))
            .row(
                "incidents",
                "%d, the largest of %d alerts".formatted(incidents.size(), largestIncident()));
    tally.addTo(table);
    if (!output.json()) {
      invocation.out().println();
    }
    output.print(summary, table);
  }
}
