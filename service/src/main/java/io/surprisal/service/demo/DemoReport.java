package io.surprisal.service.demo;

import io.surprisal.model.camera.Defect;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.BetaBinomial;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a demo run has seen: prints alerts as they come and a summary at the end. One thread. */
final class DemoReport {
  private static final double CONFIDENCE = 0.99;

  private final Invocation invocation;
  private final Output output;
  private final AlertRule rule;
  private final List<Double> bitsPerDim = new ArrayList<>();
  private final Map<Defect.Contrast, int[]> caughtAndMissed = new EnumMap<>(Defect.Contrast.class);
  private final Map<String, int[]> phases = new LinkedHashMap<>();
  private final String firstRelease;
  private int alerts;
  private int falseAlerts;
  private int normalImages;
  private int deadLetters;
  private long published;
  private boolean knowsTruth;
  private Duration elapsed = Duration.ZERO;
  private long firstScoreMillis;

  /**
   * @param firstRelease id of the release that the rule is of
   */
  DemoReport(Invocation invocation, Output output, AlertRule rule, String firstRelease) {
    this.firstRelease = firstRelease;
    this.invocation = invocation;
    this.output = output;
    this.rule = rule;
    for (Defect.Contrast contrast : Defect.Contrast.values()) {
      caughtAndMissed.put(contrast, new int[2]);
    }
  }

  /** What {@code --json} prints. */
  private record Summary(
      String release,
      int evaluations,
      double secondsToFirstScore,
      long published,
      int scored,
      int deadLetters,
      double seconds,
      double imagesPerSecond,
      Distribution bitsPerDim,
      double alertRate,
      int alerts,
      Map<String, Phase> phases,
      Optional<Truth> truth) {}

  /** Images of one kind, under one release. */
  private record Phase(int images, int alerts) {}

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

  /** What is known where the camera drew the defects itself. */
  private record Truth(
      int normalImages,
      int falseAlerts,
      int falseAlertsAtLeast,
      int falseAlertsAtMost,
      boolean withinInterval,
      Map<String, Caught> defectsByContrast) {}

  private record Caught(int defects, int caught, int missed) {}

  /** One image has been scored. */
  void scored(ImageScore score, DemoCamera.Shot shot) {
    if (bitsPerDim.isEmpty()) {
      firstScoreMillis = System.currentTimeMillis();
    }
    bitsPerDim.add(score.getBitsPerDim());
    boolean alert = score.getVerdict() == ScoreVerdict.ALERT;
    count(score, shot, alert);
    if (!asAtFirst(score, shot)) {
      // The rule at hand is not the one that judged it.
    } else if (shot.defect().isPresent()) {
      Objects.requireNonNull(caughtAndMissed.get(shot.defect().get().contrast()))[alert ? 0 : 1]++;
    } else {
      normalImages++;
      falseAlerts += alert ? 1 : 0;
    }
    if (alert) {
      alerts++;
      if (!output.json()) {
        invocation.out().println(line(score, shot));
      }
    }
  }

  private boolean asAtFirst(ImageScore score, DemoCamera.Shot shot) {
    return !shot.shifted() && score.getReleaseId().equals(firstRelease);
  }

  /** Alerts and images by what they show and by the release that scored them. */
  private void count(ImageScore score, DemoCamera.Shot shot, boolean alert) {
    String phase =
        "%s, %s, release %s"
            .formatted(
                shot.shifted() ? "rougher surfaces" : "usual surfaces",
                shot.defect().isPresent() ? "with a defect" : "normal",
                score.getReleaseId().substring(0, 12));
    int[] counts = phases.computeIfAbsent(phase, p -> new int[2]);
    counts[0] += alert ? 1 : 0;
    counts[1]++;
  }

  /** Prints what the trainer says, but for its mere progress. */
  void told(TrainerEvent event) {
    if (!output.json() && event.getType() != TrainerEventType.RUN_PROGRESS) {
      invocation.out().printf("TRAINER  %s  %s%n", event.getType(), event.getMessage());
    }
  }

  private static String line(ImageScore score, DemoCamera.Shot shot) {
    return String.format(
        Locale.ROOT,
        "ALERT  %s  %-14s %7.4f bits/dim  (threshold %.4f%s)  %s",
        score.getImageId(),
        score.getSource(),
        score.getBitsPerDim(),
        score.getThreshold(),
        score.getBitsPerDim() > score.getThreshold() ? "" : ", untypical",
        shot.defect().map(DemoReport::describe).orElse("no defect drawn"));
  }

  private static String describe(Defect defect) {
    return name(defect.contrast()) + " " + name(defect.kind());
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** One image has become a dead letter. */
  void deadLetter() {
    deadLetters++;
  }

  /** Whether nobody reads what is printed any more, for example because {@code head} has enough. */
  boolean unread() {
    return output.closed();
  }

  /** The camera has ended, and what it published has been read back, in this time altogether. */
  void ended(long images, boolean truthIsKnown, Duration time) {
    published = images;
    knowsTruth = truthIsKnown;
    elapsed = time;
  }

  /**
   * Prints the summary.
   *
   * @param processStart when this process started, in milliseconds since the epoch
   */
  void print(long processStart, Release release, double alertRate, int evaluations) {
    double seconds = elapsed.toMillis() / 1000.0;
    Summary summary =
        new Summary(
            release.id(),
            evaluations,
            bitsPerDim.isEmpty() ? Double.NaN : (firstScoreMillis - processStart) / 1000.0,
            published,
            bitsPerDim.size(),
            deadLetters,
            seconds,
            bitsPerDim.size() / seconds,
            Distribution.of(bitsPerDim),
            alertRate,
            alerts,
            phases(),
            knowsTruth && rule.silence().isEmpty() ? Optional.of(truth()) : Optional.empty());
    if (!output.json()) {
      invocation.out().println();
    }
    output.print(summary, table(summary));
  }

  private Map<String, Phase> phases() {
    Map<String, Phase> all = new LinkedHashMap<>();
    phases.forEach((name, counts) -> all.put(name, new Phase(counts[1], counts[0])));
    return all;
  }

  private Truth truth() {
    BetaBinomial expected = rule.falseAlerts(normalImages);
    int least = expected.quantile((1 - CONFIDENCE) / 2);
    int most = expected.quantile((1 + CONFIDENCE) / 2);
    Map<String, Caught> byContrast = new LinkedHashMap<>();
    caughtAndMissed.forEach(
        (contrast, counts) ->
            byContrast.put(
                name(contrast), new Caught(counts[0] + counts[1], counts[0], counts[1])));
    return new Truth(
        normalImages,
        falseAlerts,
        least,
        most,
        falseAlerts >= least && falseAlerts <= most,
        byContrast);
  }

  private static Table table(Summary s) {
    Distribution d = s.bitsPerDim();
    Table table =
        new Table("Summary", "")
            .row("release", s.release().substring(0, 12) + "…, K = " + s.evaluations())
            .row(
                "first score",
                "%.1f s after the start of the process".formatted(s.secondsToFirstScore()))
            .row(
                "images",
                "%d published, %d scored, %d dead letters"
                    .formatted(s.published(), s.scored(), s.deadLetters()))
            .row(
                "throughput",
                "%.1f images/s over %.1f s".formatted(s.imagesPerSecond(), s.seconds()))
            .row(
                "bits/dim",
                "median %.3f, 5 %% to 95 %% %.3f to %.3f, 99 %% %.3f, all %.3f to %.3f"
                    .formatted(d.median(), d.p05(), d.p95(), d.p99(), d.least(), d.most()))
            .row("alerts", "%d at an alert rate of %s".formatted(s.alerts(), s.alertRate()));
    if (s.phases().size() > 2) {
      s.phases()
          .forEach(
              (name, phase) ->
                  table.row(
                      name,
                      "%d of %d images alert (%.1f %%)"
                          .formatted(
                              phase.alerts(),
                              phase.images(),
                              100.0 * phase.alerts() / phase.images())));
    }
    s.truth()
        .ifPresent(
            t -> {
              t.defectsByContrast()
                  .forEach(
                      (contrast, c) ->
                          table.row(
                              contrast + " defects",
                              "%d drawn, %d caught, %d missed"
                                  .formatted(c.defects(), c.caught(), c.missed())));
              table.row(
                  "false alerts",
                  "%d on %d normal images; 99 %% of runs have %d to %d%s"
                      .formatted(
                          t.falseAlerts(),
                          t.normalImages(),
                          t.falseAlertsAtLeast(),
                          t.falseAlertsAtMost(),
                          t.withinInterval() ? "" : ", this one does not"));
            });
    return table;
  }
}
