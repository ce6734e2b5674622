package io.surprisal.service.lab;

import io.surprisal.model.detection.RateGuarantee;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.NormalGaussian;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.release.Typicality;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code surprisal inspect}: what a release file holds. */
@Command(name = "inspect", description = "Verifies a release and says what it holds.")
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RELEASE", description = "The release file.")
  private Path release;

  @Option(names = "--history", description = "Also print the learning curve as a table.")
  private boolean history;

  @Option(
      names = "--plot",
      paramLabel = "FILE.png",
      description = {
        "Also draw the noise schedule, the diffusion loss over time and the learning curve, and below"
            + " them what the held-out images score, with the thresholds above which the release"
            + " alerts.",
        "The loss over time is known once surprisal calibrate has measured it."
      })
  private Optional<Path> plot = Optional.empty();

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption(
          "SHARE",
          "With --plot: share of normal images to alert on, which the thresholds are for; at least"
              + " what the calibration allows");

  @Spec private CommandSpec spec;

  @Mixin private final Output output;

  private final Invocation invocation;

  InspectCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      String release,
      String id,
      long bytes,
      int parameters,
      double gammaAtZero,
      double gammaAtOne,
      double levelOffset,
      ModelConfiguration configuration,
      Preprocessing preprocessing,
      Optional<CalibrationSummary> calibration,
      TrainingRecord training) {}

  /** What each promises is said. */
  private static final List<Double> RATES = List.of(0.001, 0.01, 0.05);

  private record CalibrationSummary(
      int images,
      int evaluations,
      String precision,
      double medianBitsPerDim,
      double bitsPerDimAtOnePercent,
      List<Calibration.Correction> corrections,
      List<LossProfile.Point> lossProfile,
      OptionalDouble diffusionBitsPerDim,
      OptionalDouble evaluationVariance,
      Optional<ControlVariate> control,
      Optional<TypicalitySummary> typicality,
      Optional<LocalSummary> local,
      List<RateGuarantee> alertRates,
      List<SourceSummary> sources) {

    static CalibrationSummary of(Calibration calibration) {
      float[] ascending = calibration.bitsPerDim();
      int n = ascending.length;
      return new CalibrationSummary(
          n,
          calibration.evaluations(),
          calibration.precision(),
          ascending[n / 2],
          ascending[Math.max(0, n - Math.max(1, (n + 1) / 100))],
          calibration.corrections(),
          calibration.lossProfile().points(),
          calibration.lossProfile().meanBitsPerDim(),
          calibration.lossProfile().evaluationVariance(),
          calibration.control(),
          calibration.typicality().map(TypicalitySummary::of),
          calibration.local().map(LocalSummary::of),
          RATES.stream().map(rate -> RateGuarantee.of(n, rate)).toList(),
          SourceSummary.of(calibration));
    }
  }

  /** What is typical, without the Gaussian's directions. */
  private record TypicalitySummary(
      List<Double> centre,
      List<List<Double>> inverseCovariance,
      Optional<GaussianSummary> gaussian) {

    static TypicalitySummary of(Typicality typicality) {
      return new TypicalitySummary(
          typicality.centre(),
          typicality.inverseCovariance(),
          typicality.gaussian().map(GaussianSummary::of));
    }

    String text() {
      return "distance in %d traits of the network%s"
          .formatted(
              centre.size(),
              gaussian
                  .map(
                      of ->
                          ", and in %d of a Gaussian with %d directions"
                              .formatted(of.distance().traits(), of.variances().length))
                  .orElse(""));
    }
  }

  /** Normal images as one Gaussian. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record GaussianSummary(
      ImageShape shape, double[] variances, double otherVariance, Typicality distance) {

    static GaussianSummary of(NormalGaussian normal) {
      return new GaussianSummary(
          normal.shape(),
          normal.gaussian().variances(),
          normal.gaussian().otherVariance(),
          normal.distance());
    }
  }

  /** What local evidence is normal, without the numbers of each cell. */
  private record LocalSummary(List<Integer> windows, int rows, int columns, LocalControl control) {

    static LocalSummary of(LocalNormal normal) {
      return new LocalSummary(normal.windows(), normal.rows(), normal.columns(), normal.control());
    }
  }

  @Override
  public Integer call() throws IOException {
    alertRate.require();
    plot.ifPresent(file -> OutputFile.requirePng(file, "--plot", spec.commandLine()));
    Release loaded = ReleaseFiles.load(release);
    ModelConfiguration model = loaded.configuration();
    NoiseSchedule schedule = NoiseSchedule.of(model, loaded.parameters());
    Result result =
        new Result(
            release.toString(),
            loaded.id(),
            Files.size(release),
            ParameterLayout.of(model).size(),
            schedule.gammaAtZero(),
            schedule.gammaAtOne(),
            loaded.levelOffset(),
            model,
            loaded.preprocessing(),
            loaded.calibration().map(CalibrationSummary::of),
            loaded.training());
    output.print(result, table(result));
    if (history && !output.json()) {
      Table curve = new Table("step", "training bits/dim", "held-out bits/dim", "γ(0)", "γ(1)");
      loaded
          .training()
          .history()
          .forEach(
              p ->
                  curve.row(
                      p.step(),
                      p.trainingBitsPerDim(),
                      p.heldOutBitsPerDim(),
                      p.gammaMin(),
                      p.gammaMax()));
      invocation.out().println();
      curve.print(invocation.out());
    }
    if (plot.isPresent()) {
      Figure.write(
          plot.get(),
          List.of(ReleasePanels.of(loaded), CalibrationPanels.of(loaded, alertRate.value())));
      invocation.err().println("surprisal: drew " + plot.get());
    }
    return 0;
  }

  private static String network(ModelConfiguration c) {
    StringBuilder text = new StringBuilder("E = " + c.embedding() + ", n = " + c.blocks());
    c.coarse()
        .forEach(l -> text.append(", then ").append(l.width()).append(" × ").append(l.blocks()));
    text.append(", ").append(c.attentionHeads());
    text.append(c.attentionHeads() == 1 ? " attention head" : " attention heads");
    text.append(c.attentionEverywhere() ? " in every block" : " in the middle");
    return text.append(", predicts ").append(c.prediction()).toString();
  }

  private static String control(ControlVariate control) {
    double first = control.density().at(0);
    double last = control.density().at(1);
    return "%d functions of the noise, %d of the image; times %.2f times as dense at t = 0, %.2f at t = 1%s"
        .formatted(
            control.noise().get(0).size(),
            control.curve().get(0).size(),
            first,
            last,
            control.atoms().isEmpty() ? "" : "; known levels " + control.atoms());
  }

  private static String pictures(Preprocessing p) {
    return p.tiling()
        .map(
            tiling ->
                "at scale %s, by tiles of %d×%d every %d pixels"
                    .formatted(tiling.scale(), p.width(), p.height(), tiling.stride()))
        .orElse("whole, resized to %d×%d".formatted(p.width(), p.height()));
  }

  private static String files(Interpretation how) {
    return "%s, on %s, 16 bits from %d to %d, colour for grey %s"
        .formatted(
            how.orientation() == Interpretation.Orientation.UPRIGHT
                ? "turned upright"
                : "as stored",
            how.background(),
            how.deep().black(),
            how.deep().white(),
            how.colour() == Interpretation.Colour.LUMA ? "as its luma" : "refused");
  }

  private static Table table(Result r) {
    ModelConfiguration c = r.configuration();
    TrainingRecord t = r.training();
    Table table =
        new Table("", "")
            .row("release", r.release())
            .row("id", r.id())
            .row("file", r.bytes() + " bytes, " + r.parameters() + " parameters")
            .row("images", c.channels() + "×" + c.height() + "×" + c.width())
            .row("pictures", pictures(r.preprocessing()))
            .row("picture files", files(r.preprocessing().interpretation()))
            .row("network", network(c))
            .row("Fourier exponents", c.fourierExponents())
            .row(
                "schedule",
                "%s, γ from %.4f to %.4f".formatted(c.schedule(), r.gammaAtZero(), r.gammaAtOne()))
            .row(
                "training",
                "%d steps, %d images, %.1f minutes, seed %d, data %s"
                    .formatted(t.steps(), t.images(), t.seconds() / 60, t.seed(), t.data()))
            .row("trained with", t.configuration().isEmpty() ? "unknown" : t.configuration())
            .row("weights", t.averaged() ? "exponential moving average" : "raw");
    if (!t.history().isEmpty()) {
      table.row(
          "held-out bits/dim",
          "%.4f".formatted(t.history().get(t.history().size() - 1).heldOutBitsPerDim()));
    }
    table.row(
        "control variate",
        r.calibration()
            .flatMap(CalibrationSummary::control)
            .map(InspectCommand::control)
            .orElse("none"));
    table.row(
        "typicality",
        r.calibration()
            .flatMap(CalibrationSummary::typicality)
            .map(TypicalitySummary::text)
            .orElse("none"));
    table.row(
        "local evidence",
        r.calibration()
            .flatMap(CalibrationSummary::local)
            .map(
                local ->
                    "windows of %s pixels, normal by %d×%d cells"
                        .formatted(
                            local.windows().stream()
                                .map(String::valueOf)
                                .collect(Collectors.joining(", ")),
                            local.columns(),
                            local.rows()))
            .orElse("none"));
    table.row(
        "calibration",
        r.calibration()
            .map(
                k ->
                    "%d images at K = %d in %s: median %.4f, 1 %% above %.4f bits/dim"
                        .formatted(
                            k.images(),
                            k.evaluations(),
                            k.precision(),
                            k.medianBitsPerDim(),
                            k.bitsPerDimAtOnePercent()))
            .orElse("none: it scores but raises no alerts"));
    r.calibration()
        .ifPresent(
            k -> {
              k.alertRates().forEach(of -> table.row("at an alert rate of", rate(of)));
              k.sources().forEach(of -> table.row("source " + of.name(), of.text()));
            });
    return table;
  }

  /** What a rate promises. */
  private static String rate(RateGuarantee of) {
    if (of.onAverage() == 0) {
      return String.format(Locale.ROOT, "%s: nothing alerts, too few images", of.rate());
    }
    return String.format(
            Locale.ROOT,
            "%s: %.4f of normal images on average, with 95 %% confidence at most %.4f",
            of.rate(),
            of.onAverage(),
            of.atMost())
        + (of.toBeSure() == 0
            ? ""
            : String.format(
                Locale.ROOT, "; set %.6f to have at most %s", of.toBeSure(), of.rate()));
  }
}
