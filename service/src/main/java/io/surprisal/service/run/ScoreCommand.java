package io.surprisal.service.run;

import ai.djl.Device;
import io.surprisal.handover.Trust;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.Stages;
import io.surprisal.schemas.MetricName;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Members;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.BatchOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.ReleaseFiles;
import io.surprisal.service.options.StagesOption;
import io.surprisal.topology.ScoringCounts;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.sources.WatchRules;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Scores images as they come, until it is told to stop. */
@Command(
    name = "score",
    description = "Score images as they come, and raise alerts.",
    footer = {
      "",
      "Several of these with one --application-id share the work; each needs a --state-dir of its"
          + " own."
    })
final class ScoreCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(ScoreCommand.class);
  private static final Duration CHECK = Duration.ofMillis(500);
  private static final Duration REPORT = Duration.ofSeconds(30);

  private final Invocation invocation;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final ExecutionOption execution = new ExecutionOption();
  @Mixin private final HealthOption health = new HealthOption();
  @Spec private CommandSpec spec;

  @Option(
      names = "--release",
      paramLabel = "FILE",
      description =
          "Score with this release for good (default: with the one that is announced as active,"
              + " whichever it is; images wait until there is one).")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--trust",
      paramLabel = "FILE",
      description =
          "Public key (Ed25519, PEM), or list of keys as 'surprisal keys' writes it, of which one"
              + " must have signed releases and their announcements; repeatable (default: none"
              + " needs a signature).")
  private List<Path> trusted = new ArrayList<>();

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description =
          "Read announced releases there and nowhere else, whatever directory an announcement"
              + " names (default: where it says).")
  private Optional<Path> store = Optional.empty();

  @Mixin
  private final StagesOption evaluations =
      new StagesOption(
          "Evaluations of the network an image",
          "Several, such as 4,8,16: stages after which an image stops once its verdict is certain.");

  @Option(
      names = "--certainty",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "With stages: standard deviations from the threshold that make a verdict certain"
              + " (default: ${DEFAULT-VALUE}).")
  private double certainty;

  @Mixin private BatchOption batch;

  @Option(
      names = "--linger",
      paramLabel = "MS",
      defaultValue = "5",
      description =
          "Milliseconds that an image waits for others of its batch (default: ${DEFAULT-VALUE}).")
  private int linger;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("RATE", "Share of normal images that may alert, in (0, 1)");

  @Option(
      names = "--statistics-window",
      paramLabel = "DURATION",
      defaultValue = "1m",
      description =
          "Event time that each of 'surprisal statistics' is of (default: ${DEFAULT-VALUE}).")
  private Duration window;

  @Mixin private final WatchOptions sources = new WatchOptions();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Stream threads; all share one network (default: processors, at most 4).")
  private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      defaultValue = ".surprisal/state",
      description = "Where Kafka Streams keeps its state (default: ${DEFAULT-VALUE}).")
  private Path stateDirectory;

  @Option(
      names = "--application-id",
      paramLabel = "ID",
      defaultValue = "surprisal-score",
      description = "Consumer group and prefix of the transactions (default: ${DEFAULT-VALUE}).")
  private String applicationId;

  @Option(
      names = "--instance-id",
      paramLabel = "ID",
      description = "Name that this member keeps over restarts (default: a new one each time).")
  private Optional<String> instanceId = Optional.empty();

  ScoreCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Stages stages = evaluations.value();
    Usage.require(spec, certainty > 0, "--certainty is " + certainty + ", must be above 0");
    batch.require();
    Usage.require(
        spec, linger >= 0 && linger <= 10_000, "--linger is " + linger + ", must be 0 to 10000");
    Usage.require(
        spec,
        window.toMillis() >= 1000,
        "--statistics-window is " + window + ", must be at least 1s");
    Usage.require(spec, threads >= 1, "--threads is " + threads + ", must be at least 1");
    double rate = alertRate.value();
    Usage.require(
        spec,
        release.isEmpty() || trusted.isEmpty(),
        "--trust is for announced releases, leave out --release or --trust");
    WatchRules rules = sources.value();
    Optional<Release> loaded =
        release.isPresent() ? Optional.of(ReleaseFiles.load(release.get())) : Optional.empty();
    TorchRuntime.preferOperatorThreads(1);
    WritableDirectory.require(stateDirectory, "--state-dir");
    StreamSettings settings =
        new StreamSettings(
            applicationId,
            kafka.bootstrapServer(),
            stateDirectory,
            threads,
            instanceId,
            prepareTopics(),
            kafka.properties());
    List<Device> where = execution.devices();
    Scoring scoring =
        new Scoring(
            stages, certainty, rate, batch.on(where), Duration.ofMillis(linger), window, rules);
    try (ScoringService service =
            loaded.isPresent()
                ? ScoringService.ofRelease(
                    loaded.get(),
                    execution.forRelease(loaded.get(), where),
                    scoring,
                    kafka.topics(),
                    settings)
                : following(scoring, settings, where);
        AutoCloseable told = health.start(service::health, service.metrics()::text)) {
      where.forEach(
          device -> service.metrics().gauge(MetricName.DEVICE, () -> 1, device.toString()));
      LOG.info(
          "Scoring {} with {} (K = {}); Ctrl-C ends it",
          kafka.topics().images(),
          loaded.map(fixed -> "release " + fixed.id()).orElse("the release that is active"),
          stages);
      if (loaded.isEmpty()) {
        awaitRelease(service);
      }
      watch(service);
      if (service.failure().isPresent()) {
        throw new IllegalStateException(
            "the stream ended: " + Failure.story(service.failure().get()), service.failure().get());
      }
    }
    return 0;
  }

  private ScoringService following(Scoring scoring, StreamSettings settings, List<Device> where)
      throws IOException, InterruptedException {
    return ScoringService.ofAnnounced(
        announced -> execution.forRelease(announced, where),
        TorchRuntime.workers(where),
        scoring,
        kafka.topics(),
        settings,
        kafka.client(Map.of()),
        Members.name(instanceId),
        new Trust(kafka.clusterId(), TrustedKeys.read(trusted, InstantSource.system())),
        store.map(Path::toAbsolutePath));
  }

  private void awaitRelease(ScoringService service) throws InterruptedException {
    boolean said = false;
    while (service.failure().isEmpty()
        && !service.awaitStart(CHECK)
        && !invocation.stop().requested()) {
      if (!said) {
        LOG.info(
            "No release is active yet: images wait; 'surprisal train' makes the first one,"
                + " --release names one");
        said = true;
      }
    }
  }

  /** Creates the topics that lack; returns the largest dead letter in bytes. */
  private int prepareTopics() throws InterruptedException {
    try (Admin admin = kafka.connect()) {
      kafka.createTopics(admin);
      return kafka.maxMessageBytes(admin, kafka.topics().deadLetters());
    }
  }

  private void watch(ScoringService service) throws InterruptedException {
    long reported = System.nanoTime();
    ScoringCounts before = service.counts();
    while (!invocation.stop().await(CHECK) && service.failure().isEmpty()) {
      if (System.nanoTime() - reported >= REPORT.toNanos()) {
        reported = System.nanoTime();
        ScoringCounts now = service.counts();
        if (!now.equals(before)) {
          LOG.info(
              "{} images scored, {} alerts, {} dead letters",
              now.scored(),
              now.alerted(),
              now.deadLettered());
        }
        before = now;
      }
    }
  }
}
