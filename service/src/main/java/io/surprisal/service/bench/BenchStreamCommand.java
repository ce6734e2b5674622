package io.surprisal.service.bench;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.TemporaryFolder;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.BatchOption;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.SyntheticImages;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal bench stream}: what the stream costs on top of the network. */
@Command(
    name = "stream",
    description = {
      "Streams images through an embedded broker in this process and the topology that score runs,",
      "and measures throughput beside the same scorer without a stream, latency under load, and"
          + " where",
      "the processor time goes. --null-network leaves the network out: the ceiling of the"
          + " plumbing,",
      "beside a plain transactional consume-transform-produce loop; with --image CxHxW instead of"
          + " a",
      "release and images, at any size of image. --soak-minutes prints what the process holds,"
          + " minute",
      "by minute, under a steady load."
    })
final class BenchStreamCommand implements Callable<Integer> {
  private static final int NOISE_IMAGES = 64;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private StreamedReleaseOptions streamed;

  @Option(
      names = "--image",
      paramLabel = "CxHxW",
      description =
          "With --null-network, instead of --release and --data: images of noise of so many"
              + " channels, rows and columns, such as 3x32x32, which takes 3 KB.")
  private Optional<String> image = Optional.empty();

  @Mixin private final ThroughputOptions runs = new ThroughputOptions(2000);

  @Option(
      names = "--warm-up",
      defaultValue = "20000",
      paramLabel = "N",
      description =
          "Images that first go through a stream without the network, so that the code is compiled as"
              + " in a service that has run for a while; at most 64 MB of them, 0 for none (default:"
              + " ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--loads",
      split = ",",
      defaultValue = "0.5,0.9",
      paramLabel = "SHARE",
      description =
          "Loads to measure the latency at, of the throughput (default: ${DEFAULT-VALUE}).")
  private List<Double> loads;

  @Option(
      names = "--latency-seconds",
      defaultValue = "20",
      paramLabel = "S",
      description = "How long each load lasts; 0 for none (default: ${DEFAULT-VALUE}).")
  private double latencySeconds;

  @Option(
      names = "--soak-minutes",
      defaultValue = "0",
      paramLabel = "M",
      description =
          "After that, offer a steady load for M minutes and print heap, memory, threads and file"
              + " handles of each (default: ${DEFAULT-VALUE}).")
  private int soakMinutes;

  @Option(
      names = "--soak-load",
      defaultValue = "0.8",
      paramLabel = "SHARE",
      description = "Of the throughput (default: ${DEFAULT-VALUE}).")
  private double soakLoad;

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Mixin private BatchOption batch;

  @Option(
      names = "--threads",
      defaultValue = "1",
      paramLabel = "N",
      description = "Stream threads (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--partitions",
      defaultValue = "4",
      paramLabel = "N",
      description = "Partitions of the images (default: ${DEFAULT-VALUE}).")
  private int partitions;

  @Option(names = "--null-network", description = "Leave the network out.")
  private boolean nullNetwork;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchStreamCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      @JsonUnwrapped Setting setting,
      List<StreamCost.Run> runs,
      @JsonUnwrapped Medians medians,
      List<Latencies> latencies,
      Map<String, Double> processorShares,
      int imageBytes,
      List<Footprint> soak) {}

  /** How the images were scored. */
  private record Setting(
      boolean nullNetwork,
      int evaluations,
      String precision,
      int batch,
      int threads,
      int workers,
      int partitions) {}

  /** Over the rounds; NaN of what did not run. */
  private record Medians(
      double streamImagesPerSecond,
      double forwardImagesPerSecond,
      double streamToForwardRatio,
      double plainLoopImagesPerSecond,
      double streamToPlainLoopRatio) {
    static Medians of(StreamCost.Measured measured) {
      return new Medians(
          measured.median(StreamCost.STREAM),
          measured.median(ScorerAlone.NAME),
          measured.streamTo(ScorerAlone.NAME),
          measured.median(PlainLoop.NAME),
          measured.streamTo(PlainLoop.NAME));
    }
  }

  @Override
  public Integer call() throws Exception {
    runs.require();
    Usage.require(spec, warmUp >= 0, "--warm-up is " + warmUp + ", must be at least 0");
    evaluations.require();
    batch.require();
    Usage.require(
        spec, threads >= 1 && threads <= 64, "--threads is " + threads + ", must be 1 to 64");
    Usage.require(
        spec,
        partitions >= 1 && partitions <= 64,
        "--partitions is " + partitions + ", must be 1 to 64");
    Usage.require(
        spec,
        latencySeconds >= 0,
        "--latency-seconds is " + latencySeconds + ", must be at least 0");
    Usage.require(
        spec,
        loads.stream().allMatch(load -> load > 0 && load < 1),
        "--loads is " + loads + ", must be within (0, 1) each");
    Usage.require(
        spec, soakMinutes >= 0, "--soak-minutes is " + soakMinutes + ", must be at least 0");
    Usage.require(
        spec,
        soakLoad > 0 && soakLoad < 1,
        "--soak-load is " + soakLoad + ", must be within (0, 1)");
    Usage.require(
        spec,
        image.isPresent() ? nullNetwork && streamed.absent() : streamed.given(),
        "name --release and --data, or --null-network and --image");
    TorchRuntime.preferOperatorThreads(1);
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    Optional<SyntheticImages> synthetic =
        image.map(text -> SyntheticImages.parse(spec.commandLine(), text));
    Release loaded = synthetic.isPresent() ? untrained(synthetic.get()) : streamed.release();
    ImageDataset dataset =
        synthetic.isPresent() ? synthetic.get().noise(NOISE_IMAGES) : streamed.imagesFor(loaded);
    Execution where = execution.forScoring(loaded);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench")) {
      measure(loaded, where, dataset, cluster);
    }
    return 0;
  }

  private static Release untrained(SyntheticImages images) throws IOException {
    try (TemporaryFolder folder = TemporaryFolder.create("surprisal-bench")) {
      return images.untrained(folder.path().resolve("untrained.safetensors"));
    }
  }

  private void measure(
      Release loaded, Execution where, ImageDataset dataset, TemporaryCluster cluster)
      throws Exception {
    StreamCost.Plan plan =
        new StreamCost.Plan(
            evaluations.value(),
            batch.on(where.devices()),
            threads,
            partitions,
            new StreamCost.Backlogs(runs.images(), runs.rounds(), warmUp),
            new StreamCost.SteadyLoads(loads, latencySeconds),
            new StreamCost.Soaking(soakLoad, soakMinutes));
    StreamCost cost =
        new StreamCost(loaded, where, dataset, cluster, plan, invocation.stop()::requested);
    StreamCost.Measured measured;
    try (Progress progress =
        invocation.progress("bench", (long) runs.rounds() * 2 * runs.images(), "images")) {
      StreamCost.Listener listener = listener(progress);
      measured = nullNetwork ? cost.withoutNetwork(listener) : cost.withNetwork(listener);
    }
    Setting setting =
        new Setting(
            nullNetwork,
            evaluations.value(),
            measured.precision(),
            plan.batch(),
            threads,
            where.workers(),
            partitions);
    print(
        new Result(
            Machine.here(),
            setting,
            measured.runs(),
            Medians.of(measured),
            measured.latencies(),
            measured.processorShares(),
            dataset.channels() * dataset.height() * dataset.width(),
            measured.soak()));
  }

  private StreamCost.Listener listener(Progress progress) {
    return new StreamCost.Listener() {
      @Override
      public void scored() {
        progress.step();
      }

      @Override
      public void looked(Footprint footprint) {
        invocation
            .err()
            .printf(
                Locale.ROOT,
                "surprisal: minute %.0f: %.1f images/s, heap %.0f MiB, resident %.0f MiB, %d"
                    + " threads, %d files%n",
                footprint.minute(),
                footprint.imagesPerSecond(),
                footprint.heapMebibytes(),
                footprint.residentMebibytes(),
                footprint.threads(),
                footprint.fileHandles());
      }
    };
  }

  private void print(Result result) {
    Table table = new Table("what", "value");
    result
        .runs()
        .forEach(
            run ->
                table.row(
                    run.name() + ", round " + run.round() + ", images/s", run.imagesPerSecond()));
    if (nullNetwork) {
      table.row("stream to plain loop", result.medians().streamToPlainLoopRatio());
    } else {
      table.row("stream to forward", result.medians().streamToForwardRatio());
    }
    for (Latencies l : result.latencies()) {
      String at = " at %.0f %% load, ms".formatted(100 * l.loadShare());
      table.row("p50" + at, l.p50());
      table.row("p99" + at, l.p99());
      table.row("p99.9" + at, l.p999());
    }
    result
        .processorShares()
        .forEach((kind, share) -> table.row("processor share of " + kind, share));
    output.print(result, table);
    if (!result.soak().isEmpty() && !output.json()) {
      invocation.out().println();
      minutes(result.soak()).print(invocation.out());
    }
  }

  private static Table minutes(List<Footprint> soak) {
    Table table =
        new Table(
            "minute",
            "images/s",
            "worst latency, ms",
            "heap, MiB",
            "resident, MiB",
            "threads",
            "file handles",
            "native arrays");
    soak.forEach(
        minute ->
            table.row(
                minute.minute(),
                minute.imagesPerSecond(),
                minute.worstLatencyMillis(),
                minute.heapMebibytes(),
                minute.residentMebibytes(),
                minute.threads(),
                minute.fileHandles(),
                minute.nativeHandles()));
    return table;
  }
}
