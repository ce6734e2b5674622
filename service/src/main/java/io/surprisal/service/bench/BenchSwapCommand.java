package io.surprisal.service.bench;

import io.surprisal.handover.Announcement;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.Stages;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.SidecarProcess;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
  private static final double ALERT_RATE = 0.01;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** A run is planned first, which times networks. */
  private static final Duration TRAINING_PATIENCE = Duration.ofMinutes(5);

  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Option(
      names = "--images",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Images of a throughput run. Default: ${DEFAULT-VALUE}.")
  private int images;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      paramLabel = "N",
      description = "Intervals of each kind, in turn. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      paramLabel = "S",
      description = "Length of an interval. Default: ${DEFAULT-VALUE}.")
  private double seconds;

  @Option(
      names = "--swaps",
      defaultValue = "4",
      paramLabel = "N",
      description = "Swaps in an interval, evenly spread. Default: ${DEFAULT-VALUE}.")
  private int swaps;

  @Option(
      names = "--load",
      defaultValue = "0.5",
      paramLabel = "SHARE",
      description = "Offered images, of the throughput. Default: ${DEFAULT-VALUE}.")
  private double load;

  @Option(
      names = "--evaluations",
      defaultValue = "8",
      paramLabel = "K",
      description = "Evaluations of the network an image. Default: ${DEFAULT-VALUE}.")
  private int evaluations;

  @Option(names = "--training", description = "Measure the throughput beside a training run too.")
  private boolean training;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchSwapCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** Images a second without and with a training run, medians over the rounds, and their ratio. */
  private record Beside(
      double aloneImagesPerSecond, double besideTrainingImagesPerSecond, double ratio) {}

  private record Result(
      Machine machine,
      int evaluations,
      String precision,
      int workers,
      double imagesPerSecond,
      int swaps,
      Latencies quiet,
      Latencies swapping,
      double p50Ratio,
      double p99Ratio,
      Beside training) {}

  @Override
  public Integer call() throws Exception {
    require(images >= 100, "--images must be at least 100, not " + images);
    require(rounds >= 1 && rounds <= 100, "--rounds must be 1 to 100, not " + rounds);
    require(seconds >= 1, "--seconds must be at least 1, not " + seconds);
    require(swaps >= 1 && swaps <= 1000, "--swaps must be 1 to 1000, not " + swaps);
    require(load > 0 && load < 1, "--load must be within (0, 1), not " + load);
    require(evaluations >= 1, "--evaluations must be at least 1, not " + evaluations);
    Release loaded = measured.release();
    require(
        loaded.calibration().map(calibration -> calibration.images() > 1).orElse(false),
        "the release is not calibrated: surprisal calibrate gives it a calibration");
    int calibrated = loaded.calibration().orElseThrow().evaluations();
    require(
        calibrated == evaluations,
        "--evaluations must be %d, which the release is calibrated for, not %d"
            .formatted(calibrated, evaluations));
    ImageDataset dataset = measured.imagesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench")) {
      new Measurement(loaded, where, dataset, cluster).run();
    }
    return 0;
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }

  /** A release file of its own; the network and what it costs are the same. */
  private record Variant(Release release, Path file) {}

  /** One benchmark; its scorer and stream live while it runs. */
  private final class Measurement {
    private final Release loaded;
    private final Execution where;
    private final ImageDataset dataset;
    private final TemporaryCluster cluster;
    private final Path store;
    private final List<Variant> variants = new ArrayList<>();
    private int announced;

    Measurement(Release loaded, Execution where, ImageDataset dataset, TemporaryCluster cluster) {
      this.loaded = loaded;
      this.where = where;
      this.dataset = dataset;
      this.cluster = cluster;
      store = cluster.folder().resolve("store");
    }

    void run() throws Exception {
      variants.add(variant(0));
      variants.add(variant(1));
      variants.add(variant(2)); // more than stay loaded: each swap loads a file
      Scoring scoring =
          new Scoring(
              Stages.single(evaluations),
              1,
              ALERT_RATE,
              Scoring.batch(where.devices()),
              Scoring.DEFAULT_LINGER,
              Scoring.DEFAULT_WINDOW);
      StreamSettings settings =
          cluster.streamSettings("bench-swap", 1, cluster.createTopics(TOPICS, 4));
      announceNext();
      try (ScoringService service =
              new ScoringService(
                  release -> where,
                  where.workers(),
                  scoring,
                  TOPICS,
                  settings,
                  cluster.clients(),
                  "bench",
                  List.of());
          StreamBench bench =
              new StreamBench(
                  cluster.bootstrapServer(), TOPICS, dataset, invocation.stop()::requested)) {
        if (!service.awaitStart(PATIENCE)) {
          throw new IllegalStateException("the release does not serve; see the log above");
        }
        measure(service, bench);
      }
    }

    /** The loaded release with a calibration that lacks some scores, so that it has another id. */
    private Variant variant(int fewer) throws IOException {
      Calibration whole = loaded.calibration().orElseThrow();
      float[] scores = whole.bitsPerDim();
      Calibration calibration =
          new Calibration(
              whole.evaluations(),
              whole.precision(),
              Arrays.copyOf(scores, Math.max(1, scores.length - fewer)),
              whole.corrections(),
              whole.lossProfile(),
              whole.control());
      Path file = cluster.folder().resolve("variant-" + fewer + ".safetensors");
      return new Variant(loaded.recalibrated(file, calibration), file);
    }

    private void announceNext() throws IOException, InterruptedException {
      Variant next = variants.get(announced++ % variants.size());
      Announcement.of(
          next.file(), next.release(), store, cluster.clients(), TOPICS, "surprisal bench swap");
    }

    private void measure(ScoringService service, StreamBench bench) throws Exception {
      double capacity = throughput(bench);
      double rate = load * capacity;
      int count = Math.max(1, (int) (rate * seconds));
      List<double[]> quiet = new ArrayList<>();
      List<double[]> swapping = new ArrayList<>();
      try (Progress progress = invocation.progress("bench", 2L * rounds * count, "images")) {
        for (int round = 0; round < rounds; round++) {
          quiet.add(bench.latencies(rate, count, progress::step));
          swapping.add(whileSwapping(() -> bench.latencies(rate, count, progress::step)));
        }
      }
      Optional<Beside> beside = training ? Optional.of(besideTraining(bench)) : Optional.empty();
      if (service.failure().isPresent()) {
        throw new IllegalStateException("the stream ended", service.failure().get());
      }
      print(capacity, rate, quiet, swapping, beside);
    }

    private double throughput(StreamBench bench) {
      bench.publish(images);
      return bench.drain(images, () -> {}).imagesPerSecond();
    }

    /** Runs with releases announced meanwhile, on a thread that ends with it. */
    private double[] whileSwapping(Callable<double[]> interval) throws Exception {
      FutureTask<Void> swapper =
          new FutureTask<>(
              () -> {
                for (int swap = 0; swap < swaps; swap++) {
                  TimeUnit.MILLISECONDS.sleep(Math.round(1000 * seconds / (swaps + 1)));
                  announceNext();
                }
                return null;
              });
      Thread thread = new Thread(swapper, "bench-swaps");
      thread.start();
      try {
        return interval.call();
      } finally {
        try {
          swapper.get();
        } catch (ExecutionException e) {
          throw new IllegalStateException("a release could not be announced", e.getCause());
        }
      }
    }

    private Beside besideTraining(StreamBench bench) throws InterruptedException {
      double[] alone = new double[rounds];
      double[] beside = new double[rounds];
      double[] ratios = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        alone[round] = throughput(bench);
        try (SidecarProcess trainer = trainer(round)) {
          trainer.start();
          awaitTraining("bench-" + round);
          beside[round] = throughput(bench);
        }
        ratios[round] = beside[round] / alone[round];
      }
      return new Beside(
          BenchNetwork.Timing.of(alone).median(),
          BenchNetwork.Timing.of(beside).median(),
          BenchNetwork.Timing.of(ratios).median());
    }

    /** A trainer that starts a run of an hour as soon as it has read enough images. */
    private SidecarProcess trainer(int round) {
      return new SidecarProcess(
          invocation,
          cluster.folder().resolve("trainer-" + round + ".log"),
          List.of(
              "--bootstrap-server",
              cluster.bootstrapServer(),
              "--application-id",
              "bench-" + round,
              "--instance-id",
              "bench-" + round,
              "--state-dir",
              cluster.folder().resolve("trainer-" + round).toString(),
              "--store",
              store.toString(),
              "--evaluations",
              String.valueOf(evaluations),
              "--alert-rate",
              "0.05", // so that a run needs few images
              "--held-out",
              "0.4",
              "--every",
              "1s",
              "--pause",
              "0s", // the run of the round before has failed with its trainer
              "--minutes",
              "60"));
    }

    private void awaitTraining(String member) {
      long deadline = System.nanoTime() + TRAINING_PATIENCE.toNanos();
      TopicPartition partition = new TopicPartition(TOPICS.trainer(), 0);
      try (KafkaConsumer<byte[], byte[]> events =
          new KafkaConsumer<>(
              Map.of(
                  "bootstrap.servers",
                  cluster.bootstrapServer(),
                  "isolation.level",
                  "read_committed"),
              new ByteArrayDeserializer(),
              new ByteArrayDeserializer())) {
        events.assign(List.of(partition));
        events.seekToBeginning(List.of(partition));
        while (System.nanoTime() < deadline && !invocation.stop().requested()) {
          for (ConsumerRecord<byte[], byte[]> record : events.poll(Duration.ofMillis(200))) {
            TrainerEvent event = EVENTS.decode(record.value());
            if (event.getType() == TrainerEventType.RUN_PROGRESS
                && event.getMember().equals(member)) {
              return;
            }
          }
        }
      }
      throw new IllegalStateException(
          "no training has begun within "
              + TRAINING_PATIENCE.toSeconds()
              + " s; a run needs some hundred images: name more --images");
    }

    private void print(
        double capacity,
        double rate,
        List<double[]> quietMillis,
        List<double[]> swappingMillis,
        Optional<Beside> beside)
        throws IOException {
      Latencies quiet = Latencies.of(load, rate, all(quietMillis));
      Latencies swapping = Latencies.of(load, rate, all(swappingMillis));
      Result result =
          new Result(
              Machine.here(),
              evaluations,
              where.precision().toString(),
              where.workers(),
              capacity,
              swaps * rounds,
              quiet,
              swapping,
              swapping.p50() / quiet.p50(),
              swapping.p99() / quiet.p99(),
              beside.orElse(null));
      Table table = new Table("what", "value");
      table.row("throughput, images/s", capacity);
      table.row("p50 in quiet intervals, ms", quiet.p50());
      table.row("p99 in quiet intervals, ms", quiet.p99());
      table.row("p50 with %d swaps, ms".formatted(swaps * rounds), swapping.p50());
      table.row("p99 with %d swaps, ms".formatted(swaps * rounds), swapping.p99());
      table.row("p50 with to without", result.p50Ratio());
      table.row("p99 with to without", result.p99Ratio());
      beside.ifPresent(
          measured -> {
            table.row("throughput alone, images/s", measured.aloneImagesPerSecond());
            table.row(
                "throughput beside training, images/s", measured.besideTrainingImagesPerSecond());
            table.row("throughput beside to alone", measured.ratio());
          });
      output.print(result, table);
    }

    private static double[] all(List<double[]> parts) {
      return parts.stream().flatMapToDouble(DoubleStream::of).toArray();
    }
  }
}
