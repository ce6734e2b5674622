package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.fit.ScalingLaw;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.ImagesOption;
import io.surprisal.service.options.LimitOption;
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
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--release",
      required = true,
      arity = "1..*",
      paramLabel = "FILE",
      description = "At least three releases, each the end of a run of its own.")
  private List<Path> releases;

  @Mixin
  private final ImagesOption data = new ImagesOption("Images that did not train the releases.");

  @Mixin private final LimitOption limit = LimitOption.of(1000);

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchScalingCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws IOException {
    Usage.require(
        spec,
        releases.size() >= ScalingLaw.FEWEST_RUNS,
        "needed are at least %d releases, not %d"
            .formatted(ScalingLaw.FEWEST_RUNS, releases.size()));
    limit.require(2);
    evaluations.require();
    TorchRuntime.preferOperatorThreads(1);
    List<ReleaseBound> bounds = new ArrayList<>();
    try (Progress progress =
        invocation.progress("measure", (long) limit.value() * releases.size(), "images")) {
      for (Path release : releases) {
        bounds.add(measure(release, progress));
      }
    }
    TrainingOutlook outlook;
    try {
      outlook = TrainingOutlook.of(bounds);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    print(outlook);
    return 0;
  }

  private ReleaseBound measure(Path file, Progress progress) throws IOException {
    Release release = ReleaseFiles.load(file);
    ImageDataset images =
        Images.prepared(
            data.open(release.preprocessing().interpretation()), release.preprocessing());
    if (ReleaseBound.petaflop(release) == 0) {
      throw new ParameterException(
          spec.commandLine(), file + " was not trained, or does not say on how many images");
    }
    return ReleaseBound.measure(
        file.getFileName().toString(),
        release,
        execution.forScoring(release),
        images,
        limit.value(),
        evaluations.value(),
        invocation.stop()::requested,
        progress::step);
  }

  private void print(TrainingOutlook outlook) {
    Table table = new Table("release", "images", "PFLOP", "bits/dim", "its error", "law");
    outlook
        .runs()
        .forEach(
            run ->
                table.row(
                    run.release(),
                    run.images(),
                    run.petaflop(),
                    run.bitsPerDim(),
                    run.standardError(),
                    run.law()));
    outlook
        .prospects()
        .forEach(
            prospect ->
                table.row(
                    prospect.times() + " × the most",
                    "",
                    prospect.petaflop(),
                    "",
                    "",
                    prospect.bitsPerDim()));
    table.row("floor", "", "", "", "", outlook.law().floor());
    table.row("exponent", "", "", "", "", outlook.law().exponent());
    output.print(outlook, table);
  }
}
