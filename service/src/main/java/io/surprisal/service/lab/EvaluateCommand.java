package io.surprisal.service.lab;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.compression.NetLengths;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.JudgedSourceOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.StrictOption;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal evaluate}: the bound on a data set. */
@Command(
    name = "evaluate",
    description = {
      "Measures a release's bits/dim on images.",
      "Without --seed it does exactly what the stream does; with --seed it draws noise levels and"
          + " noise afresh."
    })
final class EvaluateCommand implements Callable<Integer> {
  private static final int DEFAULT_EVALUATIONS = 8;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin
  private final ReleaseAndImages measured =
      new ReleaseAndImages(
          "IDX (also .gz) or CIFAR binary files, picture files (PNG, JPEG, TIFF, BMP), or a folder"
              + " of those.");

  @Mixin private final LimitOption limit = LimitOption.none();

  @Option(
      names = "--evaluations",
      paramLabel = "K",
      description =
          "Evaluations of the network an image (default: as the release is calibrated, else 8; at"
              + " most the timesteps).")
  private Optional<Integer> evaluations = Optional.empty();

  @Option(
      names = "--timesteps",
      paramLabel = "T",
      description =
          "Measure the bound with T discrete steps instead of continuous time: a stratified sample"
              + " of K of them, with K = T the full sum.")
  private Optional<Integer> timesteps = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Draw noise levels and noise by this seed instead of the stream's.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--per-image",
      description = "Print the score of each image, one line each, before the summary.")
  private boolean perImage;

  @Option(
      names = "--alerts",
      description =
          "Say too what share of the images the stream would alert on; with --per-image of each its"
              + " p-value, and whether it alerts.")
  private boolean alertsToo;

  @Option(
      names = "--coded",
      description =
          "Also encode the images in as many --timesteps as surprisal compress would, and say how"
              + " long they become: net bits/dim, with --per-image of each beside its bound.")
  private boolean codedToo;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("SHARE", "With --alerts: share of normal images to alert on");

  @Mixin private JudgedSourceOption source;

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  EvaluateCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /** What the stream would say of the images. */
  private static final class Alerts {
    private final AlertRule rule;
    private int images;
    private int alerts;
    private int lowLikelihood;
    private int atypical;
    private int local;

    Alerts(AlertRule rule) {
      this.rule = rule;
    }

    Verdict scored(ImageLikelihood likelihood) {
      Verdict verdict = rule.judge(likelihood);
      images++;
      alerts += verdict.alert() ? 1 : 0;
      lowLikelihood += verdict.alert(Verdict.Reason.LOW_LIKELIHOOD) ? 1 : 0;
      atypical += verdict.alert(Verdict.Reason.ATYPICAL) ? 1 : 0;
      local += verdict.alert(Verdict.Reason.LOCAL) ? 1 : 0;
      return verdict;
    }

    AlertShares shares() {
      return new AlertShares(
          alerts / (double) images,
          lowLikelihood / (double) images,
          atypical / (double) images,
          local / (double) images);
    }
  }

  /** Shares of the images, for any reason and for each. */
  private record AlertShares(double alerts, double lowLikelihood, double atypical, double local) {}

  private record Coded(@JsonUnwrapped DatasetLikelihood likelihood, double netBitsPerDim) {}

  private record CodedLine(@JsonUnwrapped ImageLine line, double netBitsPerDim) {}

  /** What decides about an alert, and whether there is one. */
  private record JudgedLine(@JsonUnwrapped ImageLine line, double pValue, boolean alert) {}

  private record Judged(@JsonUnwrapped DatasetLikelihood likelihood, AlertShares alertShares) {}

  /** One line of {@code --per-image}. */
  private record ImageLine(
      String image,
      double bitsPerDim,
      double standardError,
      double prior,
      double diffusion,
      double reconstruction) {}

  @Override
  public Integer call() throws IOException {
    limit.require(1);
    Usage.require(
        spec,
        timesteps.orElse(1) >= 1,
        "--timesteps is " + timesteps.orElse(1) + ", must be at least 1");
    Usage.require(
        spec,
        evaluations.orElse(1) >= 1 && evaluations.orElse(1) <= timesteps.orElse(Integer.MAX_VALUE),
        "--evaluations is " + evaluations.orElse(1) + ", must be 1 to the number of --timesteps");
    Usage.require(
        spec,
        !alertsToo || (seed.isEmpty() && timesteps.isEmpty()),
        "--alerts is about what the stream does: leave out --seed and --timesteps");
    Usage.require(
        spec, !codedToo || timesteps.isPresent(), "--coded is about --timesteps; say how many");
    Usage.require(spec, !codedToo || !alertsToo, "--coded and --alerts are two questions");
    Release loaded = measured.release();
    int k =
        evaluations.orElse(
            Math.min(
                loaded.calibration().map(Calibration::evaluations).orElse(DEFAULT_EVALUATIONS),
                timesteps.orElse(Integer.MAX_VALUE)));
    strict.require(measured.paths(), loaded.preprocessing());
    ImageSource images = measured.picturesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    int count = limit.of(images);
    Optional<Alerts> alerts =
        alertsToo ? Optional.of(new Alerts(rule(loaded, where, k))) : Optional.empty();
    double[] net = codedToo ? coded(loaded, images, count, where) : new double[0];
    try (ImageScorer scorer = scorer(loaded, where, k);
        Progress progress = invocation.progress("evaluate", count, "images")) {
      DatasetLikelihood likelihood =
          DatasetLikelihood.measure(
              loaded.preprocessing().tiling().isPresent()
                  ? new TileScorer(scorer, loaded.preprocessing())
                  : scorer,
              images,
              count,
              (index, image) -> {
                Optional<Verdict> verdict = alerts.map(counts -> counts.scored(image));
                if (perImage) {
                  printImage(images.name(index), image, verdict, net, index);
                }
                progress.stepTo(index + 1L);
              },
              invocation.stop()::requested);
      progress.close();
      print(likelihood, alerts.map(Alerts::shares), net);
      if (likelihood.images() < count) {
        invocation
            .err()
            .printf(
                invocation.stop().requested()
                    ? "surprisal: stopped early, after %d of %d images%n"
                    : "surprisal: %d of %d images could be used%n",
                likelihood.images(),
                count);
      }
    }
    return 0;
  }

  /** Net bits/dim of each image. */
  private double[] coded(Release loaded, ImageSource images, int count, Execution where) {
    if (loaded.preprocessing().tiling().isPresent()) {
      throw new IllegalArgumentException(
          "--coded takes releases that see images whole; of this one, compress says what pictures take");
    }
    List<PixelImage> all = IntStream.range(0, count).mapToObj(images::image).toList();
    try (Progress progress =
        invocation.progress("encode", (long) count * timesteps.orElseThrow(), "steps")) {
      return NetLengths.measure(
              loaded,
              where,
              timesteps.orElseThrow(),
              all,
              progress::stepTo,
              invocation.stop()::requested)
          .stream()
          .mapToDouble(length -> length.net() / loaded.configuration().dimensions())
          .toArray();
    }
  }

  private AlertRule rule(Release loaded, Execution where, int k) {
    AlertRule rule =
        source.among(AlertRules.of(loaded, k, where.precision().toString(), alertRate.value()));
    if (rule.silence().isPresent()) {
      throw new IllegalArgumentException(rule.silence().get());
    }
    return rule;
  }

  private ImageScorer scorer(Release loaded, Execution where, int k) {
    return new ImageScorer(loaded, where, estimator(loaded, Stages.single(k)));
  }

  private BoundEstimator estimator(Release loaded, Stages k) {
    if (timesteps.isPresent()) {
      NoisePlan noise = seed.map(NoisePlan::fresh).orElseGet(NoisePlan::keyedByPixels);
      return BoundEstimator.plain(k, noise).inTimesteps(timesteps.get());
    }
    return seed.map(s -> BoundEstimator.fresh(loaded, k.evaluations(), s))
        .orElseGet(() -> BoundEstimator.served(loaded, k));
  }

  private void printImage(
      String name, ImageLikelihood image, Optional<Verdict> verdict, double[] net, int index) {
    ImageLine line =
        new ImageLine(
            name,
            image.bitsPerDim(),
            image.standardError(),
            image.prior(),
            image.diffusion(),
            image.reconstruction());
    String text =
        "%s  %.4f ± %.4f  prior %.4f  diffusion %.4f  reconstruction %.4f"
            .formatted(
                name,
                image.bitsPerDim(),
                image.standardError(),
                image.prior(),
                image.diffusion(),
                image.reconstruction());
    if (codedToo) {
      output.printLine(
          new CodedLine(line, net[index]), text + "  coded %.4f".formatted(net[index]));
    } else if (verdict.isPresent()) {
      double pValue = verdict.get().pValue().orElse(Double.NaN);
      boolean alert = verdict.get().alert();
      output.printLine(
          new JudgedLine(line, pValue, alert),
          text + "  p %.4f%s".formatted(pValue, alert ? "  alert" : ""));
    } else {
      output.printLine(line, text);
    }
  }

  private void print(DatasetLikelihood l, Optional<AlertShares> shares, double[] net) {
    output.print(
        codedToo
            ? new Coded(l, DoubleStream.of(net).average().orElseThrow())
            : shares.<Object>map(s -> new Judged(l, s)).orElse(l),
        new Table(
                "images",
                "bits/dim",
                "standard error",
                "Monte-Carlo error",
                "prior",
                "diffusion",
                "reconstruction",
                "evaluations",
                "precision",
                "images/s")
            .row(
                l.images(),
                l.bitsPerDim(),
                l.standardError(),
                l.monteCarloError(),
                l.prior(),
                l.diffusion(),
                l.reconstruction(),
                l.evaluationsPerImage(),
                l.precision(),
                l.imagesPerSecond()));
    if (codedToo && !output.json()) {
      new Table("net bits/dim")
          .row(DoubleStream.of(net).average().orElseThrow())
          .print(invocation.out());
    }
    if (shares.isPresent() && !output.json()) {
      AlertShares s = shares.get();
      new Table("alerts", "low likelihood", "atypical", "local")
          .row(s.alerts(), s.lowLikelihood(), s.atypical(), s.local())
          .print(invocation.out());
    }
  }
}
