package io.surprisal.service.bench;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.serving.ServedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * What a stream costs on top of the network: its throughput in turn with that of a {@link
 * Yardstick}, where the processor time goes, the latency under steady loads, and what the process
 * holds after minutes of one. Every round has topics of its own: what one leaves is no work for the
 * next.
 */
final class StreamCost {
  /** What the runs of the stream are called. */
  static final String STREAM = "stream";

  /** Of the alerts, which cost next to nothing. */
  private static final double ALERT_RATE = 0.01;

  private static final int MOST_WARM_UP_BYTES = 64 << 20;

  private final Release release;
  private final Execution execution;
  private final ImageDataset dataset;
  private final TemporaryCluster cluster;
  private final Plan plan;
  private final BooleanSupplier stop;

  /**
   * @param dataset images of the release's shape
   * @param stop asked again and again
   */
  StreamCost(
      Release release,
      Execution execution,
      ImageDataset dataset,
      TemporaryCluster cluster,
      Plan plan,
      BooleanSupplier stop) {
    this.release = release;
    this.execution = execution;
    this.dataset = dataset;
    this.cluster = cluster;
    this.plan = plan;
    this.stop = stop;
  }

  /**
   * What is measured.
   *
   * @param evaluations of the network an image
   * @param batch most images of a batch
   * @param threads of the stream
   * @param partitions of the images
   */
  record Plan(
      int evaluations,
      int batch,
      int threads,
      int partitions,
      Backlogs backlogs,
      SteadyLoads latency,
      Soaking soak) {}

  /**
   * Runs over a backlog.
   *
   * @param images of a run
   * @param rounds without and with the stream
   * @param warmUp images that first go through a stream without the network, 0 for none
   */
  record Backlogs(int images, int rounds, int warmUp) {}

  /**
   * Loads to measure the latency at.
   *
   * @param shares of the throughput, within (0, 1) each
   * @param seconds that each lasts, 0 for none
   */
  record SteadyLoads(List<Double> shares, double seconds) {}

  /**
   * A steady load for minutes.
   *
   * @param share of the throughput, within (0, 1)
   * @param minutes 0 for none
   */
  record Soaking(double share, int minutes) {}

  /** Is told how it goes. */
  interface Listener {
    /** An image is done. */
    void scored();

    /** A minute of the soak is over. */
    void looked(Footprint footprint);
  }

  /** One run over a backlog. */
  record Run(String name, int round, double imagesPerSecond) {}

  /**
   * What was measured.
   *
   * @param precision of the network's arithmetic
   * @param runs of the yardstick and the stream, in turn
   * @param latencies of each load
   * @param processorShares of the last run of the stream, by kind of thread
   * @param soak of each minute
   */
  record Measured(
      String precision,
      List<Run> runs,
      List<Latencies> latencies,
      Map<String, Double> processorShares,
      List<Footprint> soak) {

    /** Median over the rounds, images a second; NaN where nothing of that name ran. */
    double median(String name) {
      return Median.of(named(name).stream().mapToDouble(Run::imagesPerSecond).toArray());
    }

    /** Median over the rounds of stream over the run before it; NaN where there is none. */
    double streamTo(String name) {
      List<Run> streams = named(STREAM);
      List<Run> others = named(name);
      return Median.of(
          IntStream.range(0, others.size())
              .mapToDouble(i -> streams.get(i).imagesPerSecond() / others.get(i).imagesPerSecond())
              .toArray());
    }

    private List<Run> named(String name) {
      return runs.stream().filter(run -> run.name().equals(name)).toList();
    }
  }

  /** Of a stream that scores with the network, beside the scorer alone. */
  Measured withNetwork(Listener listener) throws Exception {
    return measure(
        (scorer, batches) -> {
          ScoringQueue queue = batches.queue(scorer);
          return new Subject(
              served(queue, scorer),
              served(constantQueue(scorer), scorer),
              new ScorerAlone(queue, dataset, plan.backlogs().images(), stop));
        },
        listener);
  }

  /** Of the plumbing, with nothing in the network's place, beside a plain loop. */
  Measured withoutNetwork(Listener listener) throws Exception {
    return measure(
        (scorer, batches) -> {
          ServedModel model = served(constantQueue(scorer), scorer);
          return new Subject(
              model,
              model,
              new PlainLoop(
                  cluster, plan.partitions(), model, dataset, plan.backlogs().images(), stop));
        },
        listener);
  }

  /**
   * What is compared.
   *
   * @param model of the stream
   * @param withoutNetwork warms the stream up
   */
  private record Subject(ServedModel model, ServedModel withoutNetwork, Yardstick yardstick) {}

  /** How a loaded network serves. */
  private interface Serving {
    Subject of(ImageScorer scorer, BatchScorer batches) throws IOException;
  }

  private Measured measure(Serving serving, Listener listener) throws Exception {
    try (ImageScorer scorer = new ImageScorer(release, execution, plan.evaluations());
        BatchScorer batches =
            new BatchScorer(
                execution.workers(),
                plan.batch(),
                Scoring.DEFAULT_LINGER,
                ScoringService.queueCapacity(execution.workers(), plan.batch()))) {
      Subject subject = serving.of(scorer, batches);
      warmUp(subject.withoutNetwork());
      List<Run> runs = new ArrayList<>();
      int rounds = plan.backlogs().rounds();
      for (int round = 1; round < rounds; round++) {
        runs.add(yardstick(subject, round, listener));
        runs.add(stream(subject.model(), round, load -> backlog(load, listener)).run(round));
      }
      runs.add(yardstick(subject, rounds, listener));
      LastRound last = stream(subject.model(), rounds, load -> lastRound(load, listener));
      runs.add(last.backlog().run(rounds));
      return new Measured(
          scorer.precision(), runs, last.latencies(), last.backlog().shares(), last.soak());
    }
  }

  private Run yardstick(Subject subject, int round, Listener listener) throws Exception {
    Yardstick yardstick = subject.yardstick();
    return new Run(yardstick.name(), round, yardstick.imagesPerSecond(round, listener::scored));
  }

  private ServedModel served(ScoringQueue queue, ImageScorer scorer) {
    return ServedModel.of(release, queue, plan.evaluations(), scorer.precision(), ALERT_RATE);
  }

  private ScoringQueue constantQueue(ImageScorer scorer) {
    ImageLikelihood constant = scorer.score(dataset.image(0));
    return image -> CompletableFuture.completedFuture(constant);
  }

  /** A round by itself, of a stream that the others do not see. */
  private void warmUp(ServedModel withoutNetwork) throws Exception {
    int imageBytes = dataset.channels() * dataset.height() * dataset.width();
    int count = Math.min(plan.backlogs().warmUp(), MOST_WARM_UP_BYTES / imageBytes);
    if (count > 0) {
      stream(
          withoutNetwork,
          new Topics("warm-up."),
          0,
          count,
          load -> {
            load.await(count);
            return count;
          });
    }
  }

  /** What is measured of a stream that has a backlog. */
  private interface Streaming<T> {
    T measure(OfferedLoad load) throws Exception;
  }

  private <T> T stream(ServedModel model, int round, Streaming<T> streaming) throws Exception {
    return stream(
        model, new Topics("stream-" + round + "."), round, plan.backlogs().images(), streaming);
  }

  private <T> T stream(
      ServedModel model, Topics topics, int round, int backlog, Streaming<T> streaming)
      throws Exception {
    int maxDeadLetterBytes = cluster.createTopics(topics, plan.partitions());
    try (OfferedLoad load = new OfferedLoad(cluster.bootstrapServer(), topics, dataset, stop)) {
      load.publish(backlog);
      try (StreamRun run =
          new StreamRun(
              model,
              topics,
              cluster.streamSettings("stream-" + round, plan.threads(), maxDeadLetterBytes),
              maxDeadLetterBytes)) {
        T measured = streaming.measure(load);
        run.requireHealthy();
        return measured;
      }
    }
  }

  /**
   * A stream's run over its backlog.
   *
   * @param shares of the processor time, by kind of thread
   */
  private record Backlog(double imagesPerSecond, Map<String, Double> shares) {
    Run run(int round) {
      return new Run(STREAM, round, imagesPerSecond);
    }
  }

  private Backlog backlog(OfferedLoad load, Listener listener) {
    ThreadTimes before = ThreadTimes.now();
    double throughput = load.drain(plan.backlogs().images(), listener::scored).imagesPerSecond();
    return new Backlog(throughput, shares(ThreadTimes.now().since(before)));
  }

  private static Map<String, Double> shares(Map<String, Double> seconds) {
    double all = seconds.values().stream().mapToDouble(s -> s).sum();
    Map<String, Double> result = new LinkedHashMap<>();
    seconds.forEach((kind, s) -> result.put(kind, s / all));
    return result;
  }

  /** What is measured of the last round's stream, which stays warm for the steady loads. */
  private record LastRound(Backlog backlog, List<Latencies> latencies, List<Footprint> soak) {}

  private LastRound lastRound(OfferedLoad load, Listener listener) {
    Backlog backlog = backlog(load, listener);
    double throughput = backlog.imagesPerSecond();
    return new LastRound(
        backlog, latencies(load, throughput, listener), soak(load, throughput, listener));
  }

  private List<Latencies> latencies(OfferedLoad load, double throughput, Listener listener) {
    List<Latencies> latencies = new ArrayList<>();
    double seconds = plan.latency().seconds();
    if (seconds > 0) {
      for (double share : plan.latency().shares()) {
        double rate = share * throughput;
        int count = Math.max(1, (int) (rate * seconds));
        latencies.add(Latencies.of(share, rate, load.latencies(rate, count, listener::scored)));
      }
    }
    return latencies;
  }

  private List<Footprint> soak(OfferedLoad load, double throughput, Listener listener) {
    if (plan.soak().minutes() == 0) {
      return List.of();
    }
    Soak soak = new Soak(plan.soak().minutes(), listener::looked);
    load.soak(plan.soak().share() * throughput, soak);
    return soak.footprints();
  }
}
