package io.surprisal.service.bench;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.topics.TopicSettings;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal bench swap}: what releases and training cost those who wait for scores. */
@Command(
    name = "swap",
    description = {
      "Scores a stream at a share of what it can do at most, with an embedded broker in this process,",
      "and measures the latency from an image's timestamp to its committed score: in quiet intervals,",
      "and, in turn with those, in intervals in which releases are swapped. --training measures the",
      "throughput too, without and with a training run in a process beside, in turn."
    })
final class BenchSwapCommand implements Callable<Integer> {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Mixin private final ThroughputOptions runs = new ThroughputOptions(1000);

  @Option(
      names = "--seconds",
      defaultValue = "20",
      paramLabel = "S",
      description = "Length of an interval (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--swaps",
      defaultValue = "4",
      paramLabel = "N",
      description = "Swaps in an interval, evenly spread (default: ${DEFAULT-VALUE}).")
  private int swaps;

  @Option(
      names = "--load",
      defaultValue = "0.5",
      paramLabel = "SHARE",
      description = "Offered images, of the throughput (default: ${DEFAULT-VALUE}).")
  private double load;

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Option(names = "--training", description = "Measure the throughput beside a training run too.")
  private boolean training;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchSwapCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      int evaluations,
      String precision,
      int workers,
      double imagesPerSecond,
      int swaps,
      @JsonUnwrapped SwapLatency.Measured latency,
      Optional<BesideTraining.Measured> training) {}

  @Override
  public Integer call() throws Exception {
    runs.require();
    Usage.require(spec, seconds >= 1, "--seconds is " + seconds + ", must be at least 1");
    Usage.require(spec, swaps >= 1 && swaps <= 1000, "--swaps is " + swaps + ", must be 1 to 1000");
    Usage.require(spec, load > 0 && load < 1, "--load is " + load + ", must be within (0, 1)");
    evaluations.require();
    Release loaded = measured.release();
    Usage.require(
        spec,
        loaded.calibration().map(calibration -> calibration.images() > 1).orElse(false),
        "the release is not calibrated: surprisal calibrate gives it a calibration");
    int calibrated = loaded.calibration().orElseThrow().evaluations();
    Usage.require(
        spec,
        calibrated == evaluations.value(),
        "--evaluations must be %d, which the release is calibrated for, not %d"
            .formatted(calibrated, evaluations.value()));
    ImageDataset dataset = measured.imagesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench")) {
      print(measure(loaded, where, dataset, cluster));
    }
    return 0;
  }

  private Result measure(
      Release loaded, Execution where, ImageDataset dataset, TemporaryCluster cluster)
      throws Exception {
    BooleanSupplier stop = invocation.stop()::requested;
    int maxDeadLetterBytes = cluster.createTopics(TOPICS, TopicSettings.DEFAULT_PARTITIONS);
    AnnouncedReleases releases = new AnnouncedReleases(loaded, cluster, TOPICS);
    releases.announceNext();
    try (ServedStream stream =
        new ServedStream(
            cluster, TOPICS, maxDeadLetterBytes, where, evaluations.value(), dataset, stop)) {
      stream.awaitRelease();
      double throughput = stream.throughput(runs.images());
      SwapLatency swapping =
          new SwapLatency(
              stream,
              releases,
              new SwapLatency.Plan(load, runs.rounds(), seconds, swaps),
              throughput);
      SwapLatency.Measured latency;
      try (Progress progress = invocation.progress("bench", swapping.images(), "images")) {
        latency = swapping.measure(progress::step);
      }
      Optional<BesideTraining.Measured> beside =
          training
              ? Optional.of(
                  new BesideTraining(
                          invocation.mainClass(),
                          stream,
                          cluster,
                          TOPICS,
                          releases.store(),
                          evaluations.value(),
                          stop)
                      .measure(runs.rounds(), runs.images()))
              : Optional.empty();
      stream.requireHealthy();
      return new Result(
          Machine.here(),
          evaluations.value(),
          where.precision().toString(),
          where.workers(),
          throughput,
          swaps * runs.rounds(),
          latency,
          beside);
    }
  }

  private void print(Result result) {
    Latencies quiet = result.latency().quiet();
    Latencies swapping = result.latency().swapping();
    Table table = new Table("what", "value");
    table.row("throughput, images/s", result.imagesPerSecond());
    table.row("p50 in quiet intervals, ms", quiet.p50());
    table.row("p99 in quiet intervals, ms", quiet.p99());
    table.row("p50 with %d swaps, ms".formatted(result.swaps()), swapping.p50());
    table.row("p99 with %d swaps, ms".formatted(result.swaps()), swapping.p99());
    table.row("p50 with to without", result.latency().p50Ratio());
    table.row("p99 with to without", result.latency().p99Ratio());
    result
        .training()
        .ifPresent(
            beside -> {
              table.row("throughput alone, images/s", beside.aloneImagesPerSecond());
              table.row(
                  "throughput beside training, images/s", beside.besideTrainingImagesPerSecond());
              table.row("throughput beside to alone", beside.ratio());
            });
    output.print(result, table);
  }
}
