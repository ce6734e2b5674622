package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.fit.ScalingLaw;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench scaling}: what more training would bring. */
@Command(
    name = "scaling",
    description = {
      "Measures finished releases on the same images and fits bits/dim = floor + scale · C^-exponent",
      "to the compute C of their training, three times a forward pass an image; then says where twice,",
      "four times, … the compute of the dearest run would lead."
    })
final class BenchScalingCommand implements Callable<Integer> {
  private static final double PASSES_A_STEP = 3; // a backward pass costs about two forward ones
  private static final double PETA = 1e15;
  private static final int[] TIMES = {2, 4, 10};

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--release",
      required = true,
      arity = "1..*",
      paramLabel = "FILE",
      description = "At least three releases, each the end of a run of its own.")
  private List<Path> releases;

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description = "Images that did not train the releases.")
  private List<Path> data;

  @Option(
      names = "--limit",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Only the first N images. Default: 1000.")
  private int limit;

  @Option(
      names = "--evaluations",
      defaultValue = "8",
      paramLabel = "K",
      description = "Evaluations of the network an image. Default: 8.")
  private int evaluations;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchScalingCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Run(
      String release,
      long images,
      double petaflop,
      double bitsPerDim,
      double standardError,
      double law) {}

  private record Prospect(int times, double petaflop, double bitsPerDim) {}

  private record Result(List<Run> runs, ScalingLaw law, List<Prospect> prospects) {}

  @Override
  public Integer call() throws IOException {
    if (releases.size() < ScalingLaw.FEWEST_RUNS || limit < 2 || evaluations < 1) {
      throw new ParameterException(
          spec.commandLine(),
          "needed are at least %d releases, --limit 2 and --evaluations 1, not %d, %d and %d"
              .formatted(ScalingLaw.FEWEST_RUNS, releases.size(), limit, evaluations));
    }
    TorchRuntime.preferOperatorThreads(1);
    List<Run> runs = new ArrayList<>();
    try (Progress progress =
        invocation.progress("measure", (long) limit * releases.size(), "images")) {
      for (Path release : releases) {
        runs.add(measure(release, progress));
      }
    }
    double[] compute = runs.stream().mapToDouble(Run::petaflop).toArray();
    double[] bits = runs.stream().mapToDouble(Run::bitsPerDim).toArray();
    ScalingLaw law;
    try {
      law = ScalingLaw.fit(compute, bits);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    print(runs.stream().map(run -> with(run, law)).toList(), law);
    return 0;
  }

  private Run measure(Path file, Progress progress) throws IOException {
    Release release = ReleaseFiles.load(file);
    ImageDataset images = Images.prepared(Images.open(data), release.preprocessing());
    double petaflop =
        PASSES_A_STEP
            * ForwardCost.flops(release.configuration())
            * release.training().images()
            / PETA;
    if (petaflop == 0) {
      throw new ParameterException(
          spec.commandLine(), file + " was not trained, or does not say on how many images");
    }
    try (ImageScorer scorer =
        new ImageScorer(release, execution.forScoring(release), evaluations)) {
      DatasetLikelihood likelihood =
          DatasetLikelihood.measure(
              scorer,
              images,
              limit,
              (index, image) -> progress.step(),
              invocation.stop()::requested);
      return new Run(
          file.getFileName().toString(),
          release.training().images(),
          petaflop,
          likelihood.bitsPerDim(),
          likelihood.standardError(),
          Double.NaN);
    }
  }

  private static Run with(Run run, ScalingLaw law) {
    return new Run(
        run.release(),
        run.images(),
        run.petaflop(),
        run.bitsPerDim(),
        run.standardError(),
        law.at(run.petaflop()));
  }

  private void print(List<Run> runs, ScalingLaw law) {
    double most = runs.stream().mapToDouble(Run::petaflop).max().orElseThrow();
    List<Prospect> prospects = new ArrayList<>();
    for (int times : TIMES) {
      prospects.add(new Prospect(times, times * most, law.at(times * most)));
    }
    Table table = new Table("release", "images", "PFLOP", "bits/dim", "its error", "law");
    runs.forEach(
        run ->
            table.row(
                run.release(),
                run.images(),
                run.petaflop(),
                run.bitsPerDim(),
                run.standardError(),
                run.law()));
    prospects.forEach(
        prospect ->
            table.row(
                prospect.times() + " × the most",
                "",
                prospect.petaflop(),
                "",
                "",
                prospect.bitsPerDim()));
    table.row("floor", "", "", "", "", law.floor());
    table.row("exponent", "", "", "", "", law.exponent());
    output.print(new Result(runs, law, prospects), table);
  }
}
