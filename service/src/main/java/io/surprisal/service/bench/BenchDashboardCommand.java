package io.surprisal.service.bench;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.topics.TopicSettings;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code surprisal bench dashboard}: the page in a storm of alerts, and what scorers lose to it.
 */
@Command(
    name = "dashboard",
    description = {
      "Publishes alerts with their images and scores to an embedded broker in this process at a steady"
          + " rate,",
      "with the dashboard in a process of its own and pages open, and measures what the pages get,"
          + " how",
      "long their questions take, and what the dashboard needs. With --release and --data it then",
      "measures the throughput of a stream that scores, without and with dashboard and pages beside,",
      "in turn."
    })
final class BenchDashboardCommand implements Callable<Integer> {
  private static final String STORM = Topics.DEFAULT_PREFIX;
  private static final String STREAM = "stream.";

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--rate",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Alerts a second (default: ${DEFAULT-VALUE}).")
  private double rate;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      paramLabel = "S",
      description =
          "How long they come, after five seconds that do not count (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--readers",
      defaultValue = "20",
      paramLabel = "N",
      description = "Open pages, 0 to 64 (default: ${DEFAULT-VALUE}).")
  private int readers;

  @Option(
      names = "--slow-readers",
      defaultValue = "4",
      paramLabel = "N",
      description =
          "Of these, those that take an event in two seconds and ask nothing (default:"
              + " ${DEFAULT-VALUE}).")
  private int slowReaders;

  @Option(
      names = "--dashboard-heap",
      defaultValue = "256",
      paramLabel = "MIB",
      description = "Java heap of the dashboard (default: ${DEFAULT-VALUE}).")
  private int heap;

  @Mixin private StreamedReleaseOptions streamed;

  @Mixin private final ThroughputOptions runs = new ThroughputOptions(1000);

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchDashboardCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      Machine machine,
      @JsonUnwrapped DashboardLoad.Plan plan,
      @JsonUnwrapped DashboardLoad.Measured measured,
      Optional<BesideDashboard.Measured> scorers) {}

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec, rate > 0 && rate <= 100_000, "--rate is " + rate + ", must be above 0, to 100000");
    Usage.require(
        spec, seconds >= 1 && seconds <= 3600, "--seconds is " + seconds + ", must be 1 to 3600");
    Usage.require(
        spec, readers >= 0 && readers <= 64, "--readers is " + readers + ", must be 0 to 64");
    Usage.require(
        spec,
        slowReaders >= 0 && slowReaders <= readers,
        "--slow-readers is " + slowReaders + ", must be 0 to the " + readers + " readers");
    Usage.require(
        spec,
        heap >= 64 && heap <= 65_536,
        "--dashboard-heap is " + heap + ", must be 64 to 65536");
    runs.require();
    Usage.require(
        spec, streamed.given() || streamed.absent(), "name both --release and --data, or neither");
    evaluations.require();
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    DashboardLoad.Plan plan = new DashboardLoad.Plan(rate, seconds, readers, slowReaders, heap);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench")) {
      Topics topics = new Topics(STORM);
      cluster.createTopics(topics, TopicSettings.DEFAULT_PARTITIONS);
      DashboardLoad.Measured measured =
          new DashboardLoad(
                  invocation.mainClass(), cluster, topics, STORM, invocation.stop()::requested)
              .measure(
                  plan,
                  address -> invocation.err().println("surprisal: the page is at " + address));
      Optional<BesideDashboard.Measured> scorers =
          streamed.given()
              ? Optional.of(scorers(streamed.release(), cluster, plan))
              : Optional.empty();
      print(new Result(Machine.here(), plan, measured, scorers));
    }
    return 0;
  }

  private BesideDashboard.Measured scorers(
      Release loaded, TemporaryCluster cluster, DashboardLoad.Plan plan) throws Exception {
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    ImageDataset dataset = streamed.imagesFor(loaded);
    Topics topics = new Topics(STREAM);
    int maxDeadLetterBytes = cluster.createTopics(topics, TopicSettings.DEFAULT_PARTITIONS);
    new AnnouncedReleases(loaded, cluster, topics).announceNext();
    try (ServedStream stream =
        new ServedStream(
            cluster,
            topics,
            maxDeadLetterBytes,
            where,
            evaluations.value(),
            dataset,
            invocation.stop()::requested)) {
      stream.awaitRelease();
      stream.throughput(runs.images()); // so that its code is compiled
      BesideDashboard.Measured measured =
          new BesideDashboard(
                  invocation.mainClass(),
                  stream,
                  cluster,
                  STREAM,
                  plan,
                  invocation.stop()::requested)
              .measure(runs.rounds(), runs.images());
      stream.requireHealthy();
      return measured;
    }
  }

  private void print(Result result) {
    DashboardLoad.Measured measured = result.measured();
    Table table = new Table("what", "value");
    table.row("alerts published", measured.storm().alerts());
    table.row("alerts a second", measured.storm().perSecond());
    table.row("events of each page that keeps up, at least", measured.fewestEvents());
    table.row("longest time without one, ms", measured.longestGapMillis());
    table.row("pages that had to come back", measured.reconnections());
    for (ResponseTimes times : measured.answers()) {
      table.row(times.kind() + ", answers", times.answers());
      table.row(times.kind() + ", refused", times.refused());
      table.row(times.kind() + ", p50, ms", times.p50());
      table.row(times.kind() + ", p99, ms", times.p99());
    }
    table.row("age of the newest alert in a feed, p50, ms", measured.ageOfTheNewest().p50());
    table.row("age of the newest alert in a feed, p99, ms", measured.ageOfTheNewest().p99());
    table.row("dashboard, resident, MiB", measured.residentMebibytes());
    table.row("dashboard, resident at most, MiB", measured.peakResidentMebibytes());
    table.row("dashboard, processors", measured.processors());
    table.row("load of the machine", result.machine().load());
    result
        .scorers()
        .ifPresent(
            scorers -> {
              table.row("stream alone, images/s", rounded(scorers.alone()));
              table.row("stream beside dashboard and pages, images/s", rounded(scorers.beside()));
              table.row("beside to alone, median", scorers.ratio());
              table.row("dashboard beside the stream, processors", scorers.processors());
            });
    output.print(result, table);
  }

  private static String rounded(List<Double> rates) {
    return String.join(
        ", ", rates.stream().map(r -> String.format(Locale.ROOT, "%.1f", r)).toList());
  }
}
