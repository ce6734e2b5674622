package io.surprisal.service.lab;

import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.fits.FolderFit;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.InterpretationOption;
import io.surprisal.service.options.PicturesOption;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StrictOption;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code surprisal try}: from a folder of pictures to a report, without Kafka. */
@Command(
    name = "try",
    description = {
      "Looks at a folder of normal pictures, fits a release on a part of them within a given time,"
          + " scores others, and writes a report as one HTML file.",
      "Needs no Kafka. Ctrl-C ends the fit early; the report is then of what there is."
    })
final class TryCommand implements Callable<Integer> {
  private static final Duration LONGEST_END = Duration.ofMinutes(2);

  private static final int EVALUATIONS = 8;

  /** Share of the time that is kept for scoring what the report shows. */
  private static final double SCORING = 0.2;

  private final Invocation invocation;
  private final InstantSource clock = new SteadyTime();

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FOLDER",
      arity = "1..*",
      description = "Files of normal pictures (PNG, JPEG, TIFF, BMP), or folders of them.")
  private List<Path> folder = List.of();

  @Option(
      names = "--minutes",
      defaultValue = "10",
      paramLabel = "M",
      description = "Time in all (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--anomalous",
      paramLabel = "DIR",
      description =
          "Pictures that are not normal: the report then says how well they are told apart, and"
              + " warns where something else than the pictures' content does too.")
  private Optional<Path> anomalous = Optional.empty();

  @Option(
      names = "--out",
      defaultValue = "surprisal-report.html",
      paramLabel = "HTML",
      description =
          "Where the report goes (default: ${DEFAULT-VALUE}); the release lies beside it.")
  private Path out;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("SHARE", "Share of normal pictures to alert on");

  @Mixin private PicturesOption pictures;

  @Mixin private InterpretationOption interpretation;

  @Mixin private final SeedOption seed = new SeedOption("Of initialisation, split and noise", 1);

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  TryCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      String report,
      String release,
      int pictures,
      int skipped,
      int trained,
      int scored,
      int alerts,
      double alertRate,
      boolean stopped) {}

  @Override
  public Integer call() throws IOException {
    alertRate.require();
    Usage.require(spec, minutes > 0, "--minutes is " + minutes + ", must be above 0");
    OutputFile.require(out, "--out");
    invocation.stop().allow(LONGEST_END);
    invocation.stop().onStop(() -> invocation.err().println("surprisal: stopping"));
    Instant start = clock.instant();
    Duration time = Duration.ofMillis((long) (minutes * 60_000));
    Interpretation how = interpretation.of(folder);
    PictureFiles files = Images.pictures(folder, how);
    Optional<PictureFiles> others =
        anomalous.isPresent()
            ? Optional.of(Images.pictures(List.of(anomalous.get()), how))
            : Optional.empty();
    FolderFit part = FolderFit.of(files, pictures.wishes(), name(), seed.value());
    Usage.require(
        spec,
        part.calibrates(),
        files.size() + " pictures are too few to try; give at least " + FolderFit.FEWEST_PICTURES);
    strict.require(folder, part.images().preprocessing());
    strict.require(anomalous.stream().toList(), part.images().preprocessing());
    Release release =
        part.fit(
            invocation,
            execution,
            clock,
            new FolderFit.Order(
                releaseFile(),
                EVALUATIONS,
                seed.value(),
                start,
                start.plusMillis((long) ((1 - SCORING) * time.toMillis()))));
    if (invocation.stop().requested() && release.calibration().isEmpty()) {
      invocation.err().println("surprisal: stopped before anything was calibrated; no report");
      return 0;
    }
    report(part, others, release, start.plus(time));
    return 0;
  }

  private String name() {
    return folder.get(0).toAbsolutePath().normalize().getFileName().toString();
  }

  private Path releaseFile() {
    String report = out.getFileName().toString();
    return out.resolveSibling(report.replaceFirst("\\.[A-Za-z]+$", "") + ".safetensors");
  }

  private void report(FolderFit found, Optional<PictureFiles> others, Release release, Instant end)
      throws IOException {
    Calibration calibration = release.calibration().orElseThrow();
    Execution where = execution.forScoring(release);
    double rate = FolderFit.alertRate(alertRate.value(), calibration.images());
    AlertRule rule =
        AlertRule.of(release, calibration.evaluations(), where.precision().toString(), rate);
    List<ScoredPicture> normal;
    List<String> skipped = new ArrayList<>();
    found.files().skipped().forEach(s -> skipped.add(s.file() + ": " + s.reason()));
    others.ifPresent(o -> o.skipped().forEach(s -> skipped.add(s.file() + ": " + s.reason())));
    try (ImageScorer scorer =
            new ImageScorer(
                release,
                where,
                BoundEstimator.served(release, Stages.single(calibration.evaluations())));
        Workers workers = new Workers("try", where.workers())) {
      TileScorer tiles = new TileScorer(scorer, release.preprocessing(), workers);
      Instant half =
          others.isPresent() ? end.minus(Duration.between(clock.instant(), end).dividedBy(2)) : end;
      normal =
          new Scoring(release, tiles, rule, half, skipped)
              .of(found.unseen(), IntStream.range(0, found.unseen().size()).toArray());
      Scoring scoring = new Scoring(release, tiles, rule, end, skipped);
      Optional<TryReport.Strange> strange = Optional.empty();
      if (others.isPresent()) {
        PictureFiles those = others.get();
        strange =
            Optional.of(
                new TryReport.Strange(
                    those, scoring.of(those, FolderFit.shuffled(those.size(), seed.value()))));
      }
      TryReport report =
          new TryReport(
              new TryReport.Run(
                  name(), found.files().size(), found.images(), release, releaseFile(), rule, rate),
              found.unseen(),
              normal,
              strange,
              skipped);
      Files.writeString(out, report.html((from, index) -> scoring.drawing(from, index)));
    }
    int alerts = (int) normal.stream().filter(scored -> scored.verdict().alert()).count();
    Result result =
        new Result(
            out.toString(),
            releaseFile().toString(),
            found.files().size(),
            skipped.size(),
            release.training().trainingImages(),
            normal.size(),
            alerts,
            rate,
            invocation.stop().requested());
    output.print(
        result,
        new Table("report", "release", "pictures", "skipped", "trained on", "scored", "alerts")
            .row(
                result.report(),
                result.release(),
                result.pictures(),
                result.skipped(),
                result.trained(),
                result.scored(),
                result.alerts()));
  }

  /** Scores pictures until the time is over, at least a few. */
  private final class Scoring {
    private static final int FEWEST = 4;

    private final Release release;
    private final TileScorer scorer;
    private final AlertRule rule;
    private final Instant end;
    private final List<String> skipped;

    Scoring(Release release, TileScorer scorer, AlertRule rule, Instant end, List<String> skipped) {
      this.release = release;
      this.scorer = scorer;
      this.rule = rule;
      this.end = end;
      this.skipped = skipped;
    }

    List<ScoredPicture> of(PictureFiles files, int[] which) {
      List<ScoredPicture> scored = new ArrayList<>();
      Instant since = clock.instant();
      try (Progress progress = invocation.progress("score", which.length, "pictures")) {
        for (int i = 0;
            i < which.length && (scored.size() < FEWEST || !isOver(scored.size(), since));
            i++) {
          try {
            scored.add(
                ScoredPicture.of(
                    which[i],
                    files.file(which[i]),
                    Examination.of(files, which[i], release.preprocessing(), scorer, rule)));
          } catch (ImageRejectedException | IllegalArgumentException e) {
            skipped.add(files.file(which[i]) + ": " + e.getMessage());
          }
          progress.stepTo(i + 1L);
        }
      }
      return scored;
    }

    /** Of a picture that was scored before, and so is one that the release takes. */
    BufferedImage drawing(PictureFiles files, int index) {
      try {
        return Examination.of(files, index, release.preprocessing(), scorer, rule)
            .drawing(rule.localThreshold());
      } catch (ImageRejectedException e) {
        throw new IllegalArgumentException(files.name(index) + ": " + e.getMessage(), e);
      }
    }

    /** Whether no more time is left than drawing the report's pictures takes. */
    private boolean isOver(int scored, Instant since) {
      Instant now = clock.instant();
      Duration each = Duration.between(since, now).dividedBy(Math.max(1, scored));
      return invocation.stop().requested()
          || !now.plus(each.multipliedBy(TryReport.MOST_DRAWN)).isBefore(end);
    }
  }
}
