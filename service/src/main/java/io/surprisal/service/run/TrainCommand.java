package io.surprisal.service.run;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.PublicationSettings;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.MetricName;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Members;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.cli.Version;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.metrics.ProcessMetrics;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.PicturesOption;
import io.surprisal.service.options.ReleaseFiles;
import io.surprisal.trainer.TrainerProcess;
import io.surprisal.trainer.TrainerSettings;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.release.GateSettings;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.run.RunSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The sidecar trainer, until it is told to stop. */
@Command(
    name = "train",
    description = {
      "Keep the model up with the stream: train releases, judge them, announce those that pass.",
      "It starts a run for the first release, on 'surprisal retrain', on a lasting shift of the"
          + " scores, and on a schedule. What it does stands in 'surprisal trainer'."
    },
    footer = {
      "",
      "Of several of these with one --application-id one is active and the others stand by; each"
          + " needs a --state-dir of its own, and all, the scorers too, the same --store."
    })
final class TrainCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(TrainCommand.class);
  private static final Duration LONGEST_END = Duration.ofMinutes(2);

  /** Twice the longest that a turn waits for a broker that does not answer. */
  private static final Duration LONGEST_TURN = Duration.ofMinutes(4);

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final DeviceOption device = new DeviceOption();
  @Mixin private final HealthOption health = new HealthOption();

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      defaultValue = ".surprisal/trainer",
      description = "Where images and runs are kept (default: ${DEFAULT-VALUE}).")
  private Path stateDirectory;

  @Option(
      names = "--store",
      paramLabel = "DIR",
      defaultValue = ".surprisal/releases",
      description = "Where releases go; scorers read them there (default: ${DEFAULT-VALUE}).")
  private Path store;

  @Option(
      names = "--through-kafka",
      description =
          "Send releases through Kafka, for scorers that do not see the --store (default: they"
              + " read them there).")
  private boolean throughKafka;

  @Option(
      names = "--application-id",
      paramLabel = "ID",
      defaultValue = "surprisal-train",
      description = "Consumer group and transactional id (default: ${DEFAULT-VALUE}).")
  private String applicationId;

  @Option(
      names = "--instance-id",
      paramLabel = "ID",
      description = "What this trainer is called in what it says (default: host and process).")
  private Optional<String> instanceId = Optional.empty();

  @Option(
      names = "--release",
      paramLabel = "FILE",
      description =
          "Announce this release where none is active yet, for example one that 'surprisal fit'"
              + " wrote (default: train the first one from the stream).")
  private Optional<Path> firstRelease = Optional.empty();

  @Mixin private final ScheduleOptions schedule = new ScheduleOptions();

  @Mixin private final DriftOptions drift = new DriftOptions();

  @Option(
      names = "--tolerance",
      paramLabel = "BITS",
      defaultValue = "0.01",
      description =
          "Rise of held-out bits/dim over the active release that passes the gate (default:"
              + " ${DEFAULT-VALUE}).")
  private double tolerance;

  @Mixin private final CanaryOptions canary = new CanaryOptions();

  @Mixin private final ReservoirOptions reservoir = new ReservoirOptions();

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations that scorers serve with");

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("RATE", "Alert rate that scorers serve with, in (0, 1)");

  @Option(
      names = "--config",
      paramLabel = "NAME",
      description =
          "Built-in configuration of new networks, see 'fit --list' (default: what suits images,"
              + " time and machine).")
  private Optional<String> configuration = Optional.empty();

  @Mixin private final PicturesOption pictures = new PicturesOption();

  @Option(
      names = "--share",
      paramLabel = "SHARE",
      defaultValue = "0.25",
      description =
          "Share of the processors that runs get while scorers, or whoever else, want them too, in"
              + " (0, 1]; what nobody wants they take as well; 1: they never rest (default:"
              + " ${DEFAULT-VALUE}).")
  private double share;

  @Option(
      names = "--command-expiry",
      paramLabel = "DURATION",
      defaultValue = "1h",
      description = "Older commands are refused (default: ${DEFAULT-VALUE}).")
  private Duration commandExpiry;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "20",
      description = "Most releases in the store (default: ${DEFAULT-VALUE}).")
  private int kept;

  @Option(
      names = "--sign-with",
      paramLabel = "FILE",
      description =
          "Private key (Ed25519, PEM) that releases and their announcements are signed with"
              + " (default: not signed).")
  private Optional<Path> signingKey = Optional.empty();

  @Option(
      names = "--trust",
      paramLabel = "FILE",
      description =
          "Further public key (Ed25519, PEM), or list of keys as 'surprisal keys' writes it, whose"
              + " announcements hold, such as that of --sign-with before it was changed;"
              + " repeatable.")
  private List<Path> trusted = new ArrayList<>();

  @Option(
      names = "--commanded-by",
      paramLabel = "FILE",
      description =
          "Public key (Ed25519, PEM), or list of keys as 'surprisal keys' writes it, of which one"
              + " must have signed commands and reviews; repeatable (default: none needs a"
              + " signature).")
  private List<Path> commanders = new ArrayList<>();

  TrainCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(spec, tolerance >= 0, "--tolerance is " + tolerance + ", must be at least 0");
    Usage.require(
        spec, share > 0 && share <= 1, "--share is " + share + ", must be above 0, at most 1");
    Usage.require(spec, kept >= 2, "--keep is " + kept + ", must be at least 2");
    evaluations.require();
    alertRate.require();
    TorchRuntime.preferOperatorThreads(1);
    TrainerSettings settings = settings();
    if (firstRelease.isPresent()) {
      ReleaseFiles.load(firstRelease.get());
    }
    WritableDirectory.require(stateDirectory, "--state-dir");
    WritableDirectory.require(store, "--store");
    invocation.stop().allow(LONGEST_END);
    prepareTopics();
    try (TrainerProcess trainer = new TrainerProcess(settings, InstantSource.system());
        ProcessMetrics metrics = metrics(trainer);
        AutoCloseable told = health.start(() -> health(trainer), metrics::text)) {
      LOG.info(
          "Trainer {} reads {}; releases go to {}; Ctrl-C ends it",
          settings.cluster().member(),
          settings.cluster().topics().images(),
          store);
      trainer.run(invocation.stop()::requested);
    }
    return 0;
  }

  private static ProcessMetrics metrics(TrainerProcess trainer) {
    ProcessMetrics metrics = new ProcessMetrics(Version.text());
    metrics.gauge(MetricName.TRAINER_ACTIVE, () -> trainer.active() ? 1 : 0);
    metrics.gauge(MetricName.TRAINER_TURN, () -> trainer.sinceTurn().toMillis() / 1000.0);
    metrics.gauge(MetricName.TRAINER_READING, () -> trainer.failure().isEmpty() ? 1 : 0);
    metrics.gauge(
        MetricName.HEARTBEAT_AGE,
        () -> Health.secondsSinceHeartbeat(trainer.metrics()).orElse(Double.NaN));
    for (Reservoir.Pool pool : Reservoir.Pool.values()) {
      metrics.gauge(
          MetricName.RESERVOIR_IMAGES,
          () -> trainer.images(pool),
          pool.name().toLowerCase(Locale.ROOT));
    }
    metrics.counter(MetricName.RESERVOIR_SEEN, trainer::seen);
    for (TrainerEventType type : TrainerEventType.values()) {
      metrics.counter(MetricName.TRAINER_EVENTS, () -> trainer.told(type), type.name());
    }
    return metrics;
  }

  private static Health health(TrainerProcess trainer) {
    OptionalDouble heartbeat = Health.secondsSinceHeartbeat(trainer.metrics());
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("state", trainer.active() ? "ACTIVE" : "STANDING_BY");
    details.put("secondsSinceHeartbeat", heartbeat);
    details.put("secondsSinceTurn", trainer.sinceTurn().toSeconds());
    details.put("stream", trainer.failure().isEmpty() ? "READ" : "ENDED");
    details.put("failure", trainer.failure().map(cause -> Failure.of(cause).message()));
    boolean live = trainer.failure().isEmpty() && trainer.sinceTurn().compareTo(LONGEST_TURN) < 0;
    return new Health(live, live && Health.heard(heartbeat), details);
  }

  private void prepareTopics() {
    try (Admin admin = kafka.connect()) {
      kafka.createTopics(admin);
    }
  }

  private TrainerSettings settings() throws IOException, InterruptedException {
    Optional<PrivateKey> key =
        signingKey.isPresent()
            ? Optional.of(Ed25519.privateKey(signingKey.get()))
            : Optional.empty();
    TrustedKeys announcers = TrustedKeys.read(trusted, InstantSource.system());
    requireGood(key, announcers);
    return new TrainerSettings(
        stateDirectory.toAbsolutePath(),
        new ClusterSettings(
            kafka.clusterId(),
            kafka.topics(),
            kafka.client(Map.of()),
            applicationId,
            Members.name(instanceId),
            TrustedKeys.read(commanders, InstantSource.system()),
            commandExpiry),
        firstRelease,
        new PublicationSettings(store.toAbsolutePath(), throughKafka, kept, key, announcers),
        reservoir.settings(),
        drift.settings(),
        canary.settings(),
        schedule.settings(),
        new RunSettings(
            kafka.topics().images(),
            configuration.map(this::named),
            pictures.wishes(),
            device.device(),
            share,
            new GateSettings(tolerance, evaluations.value(), alertRate.value()),
            Version.text()));
  }

  /** Scorers would believe nothing that it signs. */
  private void requireGood(Optional<PrivateKey> key, TrustedKeys known) {
    Optional<String> objection =
        key.flatMap(own -> known.objectionTo(Ed25519.publicOf(own), Instant.now()));
    Usage.require(
        spec, objection.isEmpty(), "--sign-with: " + objection.orElse("") + "; name another key");
  }

  private FitConfiguration named(String name) {
    try {
      return FitConfiguration.named(name);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
