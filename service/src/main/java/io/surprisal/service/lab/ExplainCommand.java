package io.surprisal.service.lab;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.decoding.Repair;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Png;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.JudgedSourceOption;
import io.surprisal.service.options.ReleaseOption;
import io.surprisal.service.options.StrictOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code surprisal explain}: where in a picture the surprise is. */
@Command(
    name = "explain",
    description = {
      "Scores pictures as the stream does, and draws where in them the surprise is.",
      "Each drawing shows the picture with a box around what alerts, and below it the map of local"
          + " evidence; parts are outlined only where the picture alerts for them."
    })
final class ExplainCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description = "Picture files (PNG, JPEG, TIFF, BMP), or folders of them.")
  private List<Path> files = List.of();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where the drawings go, a PNG file a picture.")
  private Path out;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("SHARE", "Share of normal pictures to alert on");

  @Mixin private JudgedSourceOption source;

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  ExplainCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /** One line of the result; boxes are in pixels of the picture as it came. */
  private record Explained(
      String picture,
      String drawing,
      double bitsPerDim,
      double standardError,
      List<Verdict.Reason> reasons,
      PValues pValues,
      double localStatistic,
      LocalEvidence.Box strongest,
      List<LocalEvidence.Box> boxes,
      double lookedAtAgain,
      Set<Repair> repairs,
      double seconds) {}

  /** Conformal p-values: what decides, and of each statistic alone; null where there is none. */
  private record PValues(
      @Nullable Double all,
      @Nullable Double lowLikelihood,
      @Nullable Double atypical,
      @Nullable Double local) {}

  @Override
  public Integer call() throws IOException {
    alertRate.require();
    WritableDirectory.require(out, "--out");
    Release loaded = release.load();
    strict.require(files, loaded.preprocessing());
    PictureFiles pictures = Images.pictures(files, loaded.preprocessing().interpretation());
    Calibration calibration =
        loaded
            .calibration()
            .filter(known -> known.local().isPresent())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the release does not know what local evidence is normal; surprisal fit on pictures, or surprisal calibrate for a release that sees pictures by tiles, measures it"));
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    AlertRule rule =
        source.among(
            AlertRules.of(
                loaded,
                calibration.evaluations(),
                where.precision().toString(),
                alertRate.value()));
    rule.silence().ifPresent(why -> invocation.err().println("surprisal: no boxes: " + why));
    try (ImageScorer scorer =
            new ImageScorer(
                loaded,
                where,
                BoundEstimator.served(loaded, Stages.single(calibration.evaluations())));
        Workers workers = new Workers("explain", where.workers());
        Progress progress = invocation.progress("explain", pictures.size(), "pictures")) {
      Explainer explainer =
          new Explainer(
              loaded.preprocessing(),
              rule,
              new TileScorer(scorer, loaded.preprocessing(), workers));
      for (int i = 0; i < pictures.size() && !invocation.stop().requested(); i++) {
        explainer.explain(pictures, i);
        progress.stepTo(i + 1L);
      }
    }
    return 0;
  }

  /** Explains one picture after the other. */
  private final class Explainer {
    private final Preprocessing preprocessing;
    private final AlertRule rule;
    private final TileScorer scorer;
    private final Map<String, Integer> drawings = new HashMap<>();

    Explainer(Preprocessing preprocessing, AlertRule rule, TileScorer scorer) {
      this.preprocessing = preprocessing;
      this.rule = rule;
      this.scorer = scorer;
    }

    /** A file for the drawing of a picture that may lie in a folder, and no other's. */
    private Path drawing(String picture) {
      String name = picture.replaceAll("[/\\\\]", "_") + "-surprise";
      int times = drawings.merge(name, 1, Integer::sum);
      return out.resolve(name + (times == 1 ? "" : "-" + times) + ".png");
    }

    void explain(PictureFiles pictures, int index) throws IOException {
      long start = System.nanoTime();
      Examination examined;
      try {
        examined = Examination.of(pictures, index, preprocessing, scorer, rule);
      } catch (ImageRejectedException | IllegalArgumentException e) {
        invocation
            .err()
            .println("surprisal: skipped: " + pictures.file(index) + ": " + e.getMessage());
        return;
      }
      Verdict verdict = examined.verdict();
      LocalEvidence evidence = examined.evidence();
      Path drawing = drawing(pictures.name(index));
      Png.write(drawing, examined.drawing(rule.localThreshold()));
      print(
          new Explained(
              pictures.name(index),
              drawing.toString(),
              examined.likelihood().bitsPerDim(),
              examined.likelihood().standardError(),
              verdict.reasons(),
              new PValues(
                  boxed(verdict.pValue()),
                  boxed(verdict.pValue(Verdict.Reason.LOW_LIKELIHOOD)),
                  boxed(verdict.pValue(Verdict.Reason.ATYPICAL)),
                  boxed(verdict.pValue(Verdict.Reason.LOCAL))),
              evidence.statistic(),
              examined.strongest(),
              examined.boxes(),
              examined.likelihood().evidence().orElseThrow().shareLookedAtAgain(),
              examined.repairs(),
              (System.nanoTime() - start) * 1e-9));
    }
  }

  private static @Nullable Double boxed(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  private void print(Explained e) {
    output.printLine(
        e,
        String.format(
            Locale.ROOT,
            "%s  %.4f bits/dim ± %.4f  strongest %.1f σ at %d,%d (%d×%d)  %s%s  %s",
            e.picture(),
            e.bitsPerDim(),
            e.standardError(),
            e.localStatistic(),
            e.strongest().left(),
            e.strongest().top(),
            e.strongest().width(),
            e.strongest().height(),
            e.reasons().isEmpty()
                ? "no alert"
                : e.reasons().stream().map(String::valueOf).collect(Collectors.joining(", ")),
            e.repairs().isEmpty() ? "" : "  repaired: " + e.repairs(),
            e.drawing()));
  }
}
