package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.run.TemporaryCluster;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal bench instances}: what further processes of {@code score} bring. */
@Command(
    name = "instances",
    description = {
      "Starts processes of score against an embedded broker, each with one stream thread and one",
      "worker of one thread, and measures how many images a second they score together."
    })
final class BenchInstancesCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final ReleaseAndImages measured = new ReleaseAndImages();

  @Option(
      names = "--instances",
      split = ",",
      defaultValue = "1,2",
      paramLabel = "N",
      description = "How many processes, one measurement each (default: ${DEFAULT-VALUE}).")
  private List<Integer> instances;

  @Option(
      names = "--images",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Images of a measurement (default: ${DEFAULT-VALUE}).")
  private int images;

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Option(
      names = "--partitions",
      defaultValue = "4",
      paramLabel = "N",
      description = "Partitions of the images (default: ${DEFAULT-VALUE}).")
  private int partitions;

  @Mixin private final Output output;

  BenchInstancesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      int evaluations,
      int partitions,
      int images,
      List<ProcessScaling.Row> rows) {}

  @Override
  public Integer call() throws Exception {
    Usage.require(spec, images >= 100, "--images is " + images + ", must be at least 100");
    evaluations.require();
    Usage.require(
        spec,
        partitions >= 1 && partitions <= 64,
        "--partitions is " + partitions + ", must be 1 to 64");
    Usage.require(
        spec,
        instances.stream().allMatch(n -> n >= 1 && n <= partitions),
        "--instances must be 1 to the %d partitions each, not %s".formatted(partitions, instances));
    Release loaded = measured.release();
    ImageDataset dataset = measured.imagesFor(loaded);
    List<ProcessScaling.Row> rows;
    long total = (long) images * instances.size();
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench");
        Progress progress = invocation.progress("bench", total, "images")) {
      rows =
          new ProcessScaling(
                  invocation.mainClass(),
                  cluster,
                  partitions,
                  measured.releaseFile(),
                  evaluations.value(),
                  dataset,
                  invocation.stop()::requested)
              .measure(instances, images, progress::step);
    }
    Table table = new Table("processes", "images/s", "times the first");
    rows.forEach(row -> table.row(row.instances(), row.imagesPerSecond(), row.timesTheFirst()));
    output.print(new Result(Machine.here(), evaluations.value(), partitions, images, rows), table);
    return 0;
  }
}
