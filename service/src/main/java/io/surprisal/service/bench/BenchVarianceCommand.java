package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.variance.VarianceStudy.Row;
import io.surprisal.model.variance.VarianceStudy.Times;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StagesOption;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal bench variance}: how much one image's score varies from seed to seed. */
@Command(
    name = "variance",
    description = {
      "Measures the variance of one image's diffusion loss over seeds: by evaluations, by how their",
      "times are drawn, and with control variates: a Gaussian of other images and polynomials of the",
      "times, fitted on the other half of the images, and the release's own; of a release that has",
      "none, one fitted to the images after the measured ones, as calibrate does."
    })
final class BenchVarianceCommand implements Callable<Integer> {
  private static final int MOST_EVALUATIONS = 1024;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Mixin private final LimitOption limit = LimitOption.of("Measure the first N images", 100);

  @Option(
      names = "--gaussian-images",
      defaultValue = "512",
      paramLabel = "N",
      description = "Fit the Gaussian to the N images after those (default: ${DEFAULT-VALUE}).")
  private int gaussianImages;

  @Option(
      names = "--evaluations",
      defaultValue = "4,8,16,32",
      split = ",",
      paramLabel = "K",
      description =
          "Evaluations of an estimate, each a divisor of the next (default: ${DEFAULT-VALUE}).")
  private List<Integer> evaluations;

  @Option(
      names = "--seeds",
      defaultValue = "20",
      paramLabel = "N",
      description = "Estimates of each image (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Mixin private final SeedOption seed = new SeedOption("Of times and noise", 1);

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchVarianceCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(Machine machine, int images, int seeds, List<Row> rows) {}

  @Override
  public Integer call() throws IOException {
    limit.require(4);
    Usage.require(spec, seeds >= 2 && seeds <= 1000, "--seeds is " + seeds + ", must be 2 to 1000");
    Usage.require(
        spec,
        gaussianImages >= 2,
        "--gaussian-images is " + gaussianImages + ", must be at least 2");
    Usage.require(
        spec,
        evaluations.stream().allMatch(k -> k >= 1 && k <= MOST_EVALUATIONS),
        "--evaluations must be 1 to " + MOST_EVALUATIONS + " each, not " + evaluations);
    Stages stages = StagesOption.stages(spec.commandLine(), evaluations);
    Release loaded = measured.release();
    ImageDataset images = measured.imagesFor(loaded);
    Usage.require(
        spec,
        images.size() >= limit.value() + SeedVariance.FEWEST_OTHERS,
        "%d images are too few for --limit %d and %d others to fit to"
            .formatted(images.size(), limit.value(), SeedVariance.FEWEST_OTHERS));
    TorchRuntime.preferOperatorThreads(1);
    SeedVariance variance =
        new SeedVariance(
            loaded,
            execution.forRelease(loaded),
            images,
            limit.value(),
            gaussianImages,
            invocation.stop()::requested);
    List<Row> rows;
    try (Progress progress = invocation.progress("measure", variance.steps(), "images")) {
      rows = variance.measure(stages, seeds, seed.value(), progress::step);
    }
    print(new Result(Machine.here(), limit.value(), seeds, rows));
    return 0;
  }

  private void print(Result result) {
    Table table =
        new Table(
            "times",
            "evaluations",
            "variance",
            "times less",
            "with Gaussian",
            "times less",
            "with polynomials",
            "times less",
            "with noise's control",
            "times less",
            "with all control",
            "times less",
            "bias",
            "with control");
    for (Row row : result.rows()) {
      double independent =
          result.rows().stream()
              .filter(r -> r.times() == Times.INDEPENDENT && r.evaluations() == row.evaluations())
              .mapToDouble(Row::variance)
              .findFirst()
              .orElseThrow();
      List<Object> cells = new ArrayList<>();
      cells.add(row.times().name().toLowerCase(Locale.ROOT).replace('_', ' '));
      cells.add(row.evaluations());
      for (double variance :
          new double[] {
            row.variance(),
            row.withGaussian(),
            row.withPolynomials(),
            row.withNoise(),
            row.withControl()
          }) {
        cells.add(variance);
        cells.add(independent / variance);
      }
      cells.add(row.bias());
      cells.add(row.biasWithControl());
      table.row(cells.toArray());
    }
    output.print(result, table);
  }
}
