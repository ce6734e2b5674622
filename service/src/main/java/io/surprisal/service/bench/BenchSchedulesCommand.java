package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.SeedOption;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code surprisal bench schedules}: what a schedule's shape does to the estimate's variance. */
@Command(
    name = "schedules",
    description = {
      "Measures the variance of a single evaluation's estimate of the diffusion loss, at one uniform"
          + " t,",
      "under the release's own schedule and under fixed ones with the same end points."
    })
final class BenchSchedulesCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Mixin private final LimitOption limit = LimitOption.of(100);

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Single evaluations of each image", 64);

  @Mixin private final SeedOption seed = new SeedOption("Of times and noise", 1);

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchSchedulesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine, double gammaAtZero, double gammaAtOne, List<ScheduleVariance.Row> rows) {}

  @Override
  public Integer call() throws IOException {
    limit.require(2);
    int k = evaluations.value();
    Usage.require(spec, k >= 2, "--evaluations is " + k + ", must be at least 2");
    Release loaded = measured.release();
    ImageDataset images = measured.imagesFor(loaded);
    int count = limit.of(images);
    try (ScheduleVariance variance = new ScheduleVariance(loaded, execution.forRelease(loaded))) {
      List<ScheduleVariance.Row> rows;
      try (Progress progress =
          invocation.progress("measure", (long) count * variance.schedules(), "images")) {
        rows = variance.measure(images, count, k, seed.value(), progress::step);
      }
      print(new Result(Machine.here(), variance.gammaAtZero(), variance.gammaAtOne(), rows));
    }
    return 0;
  }

  private void print(Result result) {
    Table table =
        new Table(
            "schedule", "images", "evaluations", "diffusion", "variance", "its error", "times own");
    result
        .rows()
        .forEach(
            row ->
                table.row(
                    row.schedule(),
                    row.estimate().images(),
                    row.estimate().evaluations(),
                    row.estimate().diffusion(),
                    row.estimate().variance(),
                    row.estimate().standardError(),
                    row.timesOwn()));
    output.print(result, table);
  }
}
