package io.surprisal.service.bench;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.TemporaryFolder;
import io.surprisal.service.options.BatchOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ImageShape;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.ReleaseFiles;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.PlainScoringLoop;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.serving.ServedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench stream}: what the stream costs on top of the network. */
@Command(
    name = "stream",
    description = {
      "Streams images through an embedded broker in this process and the topology that score runs,",
      "and measures throughput beside the same scorer without a stream, latency under load, and where",
      "the processor time goes. --null-network leaves the network out: the ceiling of the plumbing,",
      "beside a plain transactional consume-transform-produce loop; with --image CxHxW instead of a",
      "release and images, at any size of image. --soak-minutes prints what the process holds, minute",
      "by minute, under a steady load."
    })
final class BenchStreamCommand implements Callable<Integer> {
  /** Of the alerts, which cost next to nothing. */
  private static final double ALERT_RATE = 0.01;

  private static final int NOISE_IMAGES = 64;

  private static final int MOST_WARM_UP_BYTES = 64 << 20;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(names = "--release", paramLabel = "FILE", description = "The release.")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--data",
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description = "Images to score.")
  private List<Path> data = new ArrayList<>();

  @Option(
      names = "--image",
      paramLabel = "CxHxW",
      description =
          "With --null-network, instead of --release and --data: images of noise of so many channels,"
              + " rows and columns, such as 3x32x32, which takes 3 KB.")
  private Optional<String> image = Optional.empty();

  @Option(
      names = "--images",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Images of a throughput run. Default: 2000.")
  private int images;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      paramLabel = "N",
      description = "Runs without and with the stream, alternating. Default: 3.")
  private int rounds;

  @Option(
      names = "--warm-up",
      defaultValue = "20000",
      paramLabel = "N",
      description =
          "Images that first go through a stream without the network, so that the code is compiled as"
              + " in a service that has run for a while; at most 64 MB of them, 0 for none. Default:"
              + " 20000.")
  private int warmUp;

  @Option(
      names = "--loads",
      split = ",",
      defaultValue = "0.5,0.9",
      paramLabel = "SHARE",
      description = "Loads to measure the latency at, of the throughput. Default: 0.5,0.9.")
  private List<Double> loads;

  @Option(
      names = "--latency-seconds",
      defaultValue = "20",
      paramLabel = "S",
      description = "How long each load lasts; 0 for none. Default: 20.")
  private double latencySeconds;

  @Option(
      names = "--soak-minutes",
      defaultValue = "0",
      paramLabel = "M",
      description =
          "After that, offer a steady load for M minutes and print heap, memory, threads and file"
              + " handles of each. Default: 0.")
  private int soakMinutes;

  @Option(
      names = "--soak-load",
      defaultValue = "0.8",
      paramLabel = "SHARE",
      description = "Of the throughput. Default: 0.8.")
  private double soakLoad;

  @Option(
      names = "--evaluations",
      defaultValue = "8",
      paramLabel = "K",
      description = "Evaluations of the network an image. Default: 8.")
  private int evaluations;

  @Mixin private BatchOption batch;

  @Option(
      names = "--threads",
      defaultValue = "1",
      paramLabel = "N",
      description = "Stream threads. Default: 1.")
  private int threads;

  @Option(
      names = "--partitions",
      defaultValue = "4",
      paramLabel = "N",
      description = "Partitions of the images. Default: 4.")
  private int partitions;

  @Option(names = "--null-network", description = "Leave the network out.")
  private boolean nullNetwork;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchStreamCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** One run. */
  private record Run(String name, int round, double imagesPerSecond) {}

  private record Result(
      Machine machine,
      boolean nullNetwork,
      int evaluations,
      String precision,
      int batch,
      int threads,
      int workers,
      int partitions,
      List<Run> runs,
      double streamImagesPerSecond,
      double forwardImagesPerSecond,
      double streamToForwardRatio,
      double plainLoopImagesPerSecond,
      double streamToPlainLoopRatio,
      List<Latencies> latencies,
      Map<String, Double> processorShares,
      int imageBytes,
      List<Footprint> soak) {}

  @Override
  public Integer call() throws Exception {
    require(images >= 100, "--images must be at least 100, not " + images);
    require(rounds >= 1 && rounds <= 100, "--rounds must be 1 to 100, not " + rounds);
    require(warmUp >= 0, "--warm-up must be at least 0, not " + warmUp);
    require(evaluations >= 1, "--evaluations must be at least 1, not " + evaluations);
    batch.require();
    require(threads >= 1 && threads <= 64, "--threads must be 1 to 64, not " + threads);
    require(partitions >= 1 && partitions <= 64, "--partitions must be 1 to 64, not " + partitions);
    require(latencySeconds >= 0, "--latency-seconds must be at least 0, not " + latencySeconds);
    require(
        loads.stream().allMatch(load -> load > 0 && load < 1),
        "--loads must be within (0, 1) each, not " + loads);
    require(soakMinutes >= 0, "--soak-minutes must be at least 0, not " + soakMinutes);
    require(soakLoad > 0 && soakLoad < 1, "--soak-load must be within (0, 1), not " + soakLoad);
    require(
        image.isPresent()
            ? nullNetwork && release.isEmpty() && data.isEmpty()
            : release.isPresent() && !data.isEmpty(),
        "name --release and --data, or --null-network and --image");
    TorchRuntime.preferOperatorThreads(1);
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    Optional<ImageShape> shape = image.map(text -> ImageShape.parse(spec.commandLine(), text));
    Release loaded =
        shape.isPresent() ? untrained(shape.get()) : ReleaseFiles.load(release.orElseThrow());
    ImageDataset dataset =
        shape.isPresent()
            ? shape.get().noise(NOISE_IMAGES)
            : Images.prepared(Images.open(data), loaded.preprocessing());
    Execution where = execution.forScoring(loaded);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench")) {
      new Measurement(loaded, where, dataset, cluster).run();
    }
    return 0;
  }

  private static Release untrained(ImageShape shape) throws IOException {
    try (TemporaryFolder folder = TemporaryFolder.create("surprisal-bench")) {
      return shape.untrained(folder.path().resolve("untrained.safetensors"));
    }
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }

  /** One benchmark; its scorer and stream live while it runs. */
  private final class Measurement {
    private final Release loaded;
    private final Execution where;
    private final int imagesABatch;
    private final ImageDataset dataset;
    private final TemporaryCluster cluster;
    private final List<Run> runs = new ArrayList<>();
    private final List<Latencies> latencies = new ArrayList<>();
    private List<Footprint> soak = List.of();
    private Map<String, Double> shares = Map.of();

    Measurement(Release loaded, Execution where, ImageDataset dataset, TemporaryCluster cluster) {
      this.loaded = loaded;
      this.where = where;
      imagesABatch = batch.on(where.devices());
      this.dataset = dataset;
      this.cluster = cluster;
    }

    void run() throws Exception {
      long total = (long) rounds * 2 * images;
      Duration linger = Scoring.DEFAULT_LINGER;
      try (ImageScorer scorer = new ImageScorer(loaded, where, evaluations);
          BatchScorer batches =
              new BatchScorer(
                  where.workers(),
                  imagesABatch,
                  linger,
                  ScoringService.queueCapacity(where.workers(), imagesABatch));
          Progress progress = invocation.progress("bench", total, "images")) {
        ScoringQueue queue = nullNetwork ? nullQueue(scorer) : batches.queue(scorer);
        ServedModel model = model(queue, scorer);
        warmUp(nullNetwork ? model : model(nullQueue(scorer), scorer));
        for (int round = 1; round <= rounds; round++) {
          if (nullNetwork) {
            runs.add(new Run("plain loop", round, plainLoop(model, round, progress)));
          } else {
            runs.add(new Run("forward", round, forward(queue, progress)));
          }
          runs.add(new Run("stream", round, stream(model, round, progress)));
        }
        print(scorer.precision());
      }
    }

    private ServedModel model(ScoringQueue queue, ImageScorer scorer) {
      return ServedModel.of(loaded, queue, evaluations, scorer.precision(), ALERT_RATE);
    }

    /** A round by itself, of a stream that the others do not see. */
    private void warmUp(ServedModel withoutNetwork) throws Exception {
      int count = Math.min(warmUp, MOST_WARM_UP_BYTES / imageBytes());
      if (count == 0) {
        return;
      }
      stream(
          withoutNetwork,
          new Topics("warm-up."),
          0,
          count,
          bench -> {
            bench.await(count);
            return null;
          });
    }

    private int imageBytes() {
      return dataset.channels() * dataset.height() * dataset.width();
    }

    private double forward(ScoringQueue queue, Progress progress)
        throws InterruptedException, ExecutionException {
      int from = images / 10;
      int to = images - from;
      List<CompletableFuture<ImageLikelihood>> scores = new ArrayList<>();
      long start = 0;
      long end = 0;
      int waitedFor = 0;
      for (int i = 0; i < images; i++) {
        scores.add(queue.submit(dataset.image(i % dataset.size())));
        progress.step();
        while (waitedFor < scores.size() && scores.get(waitedFor).isDone()) {
          waitedFor++;
          start = waitedFor == from ? System.nanoTime() : start;
          end = waitedFor == to ? System.nanoTime() : end;
        }
      }
      for (; waitedFor < images; waitedFor++) {
        scores.get(waitedFor).get();
        end = waitedFor + 1 == to ? System.nanoTime() : end;
      }
      return (to - from) / ((end - start) * 1e-9);
    }

    /** What is measured of a stream that has a backlog. */
    private interface Streaming<T> {
      T measure(StreamBench bench) throws Exception;
    }

    /** Streams a backlog over topics of its own. */
    private <T> T stream(
        ServedModel model, Topics topics, int round, int backlog, Streaming<T> streaming)
        throws Exception {
      int maxDeadLetterBytes = cluster.createTopics(topics, partitions);
      try (StreamBench bench =
          new StreamBench(
              cluster.bootstrapServer(), topics, dataset, invocation.stop()::requested)) {
        bench.publish(backlog);
        try (StreamRun run =
            new StreamRun(
                model,
                topics,
                cluster.streamSettings("stream-" + round, threads, maxDeadLetterBytes),
                maxDeadLetterBytes)) {
          T measured = streaming.measure(bench);
          run.requireHealthy();
          return measured;
        }
      }
    }

    private double stream(ServedModel model, int round, Progress progress) throws Exception {
      return stream(
          model,
          new Topics("stream-" + round + "."),
          round,
          images,
          bench -> {
            ThreadTimes before = ThreadTimes.now();
            double throughput = bench.drain(images, progress::step).imagesPerSecond();
            shares = shares(ThreadTimes.now().since(before));
            if (round == rounds && latencySeconds > 0) {
              for (double load : loads) {
                double rate = load * throughput;
                int count = Math.max(1, (int) (rate * latencySeconds));
                latencies.add(
                    Latencies.of(load, rate, bench.latencies(rate, count, progress::step)));
              }
            }
            if (round == rounds && soakMinutes > 0) {
              Soak soaking = new Soak(soakMinutes, invocation.err()::println);
              bench.load(soakLoad * throughput, soaking);
              soak = soaking.footprints();
            }
            return throughput;
          });
    }

    private double plainLoop(ServedModel model, int round, Progress progress) throws Exception {
      Topics topics = new Topics("plain-" + round + ".");
      cluster.createTopics(topics, partitions);
      try (StreamBench bench =
          new StreamBench(
              cluster.bootstrapServer(), topics, dataset, invocation.stop()::requested)) {
        bench.publish(images);
        PlainScoringLoop loop =
            new PlainScoringLoop(cluster.bootstrapServer(), topics, model, "plain-" + round);
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread thread =
            new Thread(
                () -> {
                  try {
                    loop.run();
                    ended.complete(null);
                  } catch (Exception e) {
                    ended.completeExceptionally(e);
                  }
                },
                "bench-plain-loop-" + round);
        thread.start();
        try {
          return bench.drain(images, progress::step).imagesPerSecond();
        } finally {
          loop.stop();
          ended.get();
        }
      }
    }

    private ScoringQueue nullQueue(ImageScorer scorer) throws IOException {
      ImageLikelihood constant = scorer.score(dataset.image(0));
      return image -> CompletableFuture.completedFuture(constant);
    }

    private Map<String, Double> shares(Map<String, Double> seconds) {
      double all = seconds.values().stream().mapToDouble(s -> s).sum();
      Map<String, Double> result = new LinkedHashMap<>();
      seconds.forEach((kind, s) -> result.put(kind, s / all));
      return result;
    }

    private double median(String name) {
      double[] rates =
          runs.stream()
              .filter(run -> run.name().equals(name))
              .mapToDouble(Run::imagesPerSecond)
              .toArray();
      return rates.length == 0 ? Double.NaN : BenchNetwork.Timing.of(rates).median();
    }

    /** Median over the rounds of stream over the run before it. */
    private double ratio(String name) {
      List<Run> streams = runs.stream().filter(run -> run.name().equals("stream")).toList();
      List<Run> others = runs.stream().filter(run -> run.name().equals(name)).toList();
      double[] ratios =
          IntStream.range(0, others.size())
              .mapToDouble(i -> streams.get(i).imagesPerSecond() / others.get(i).imagesPerSecond())
              .toArray();
      return ratios.length == 0 ? Double.NaN : BenchNetwork.Timing.of(ratios).median();
    }

    private void print(String precision) throws IOException {
      Result result =
          new Result(
              Machine.here(),
              nullNetwork,
              evaluations,
              precision,
              imagesABatch,
              threads,
              where.workers(),
              partitions,
              runs,
              median("stream"),
              median("forward"),
              ratio("forward"),
              median("plain loop"),
              ratio("plain loop"),
              latencies,
              shares,
              imageBytes(),
              soak);
      Table table = new Table("what", "value");
      runs.forEach(
          run ->
              table.row(
                  run.name() + ", round " + run.round() + ", images/s", run.imagesPerSecond()));
      if (nullNetwork) {
        table.row("stream to plain loop", result.streamToPlainLoopRatio());
      } else {
        table.row("stream to forward", result.streamToForwardRatio());
      }
      for (Latencies l : latencies) {
        String at = " at %.0f %% load, ms".formatted(100 * l.loadShare());
        table.row("p50" + at, l.p50());
        table.row("p99" + at, l.p99());
        table.row("p99.9" + at, l.p999());
      }
      shares.forEach((kind, share) -> table.row("processor share of " + kind, share));
      output.print(result, table);
      if (!soak.isEmpty() && !output.json()) {
        Table series = Footprint.table();
        soak.forEach(footprint -> footprint.addTo(series));
        invocation.out().println();
        series.print(invocation.out());
      }
    }
  }
}
