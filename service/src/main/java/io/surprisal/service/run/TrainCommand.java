package io.surprisal.service.run;

import io.surprisal.handover.Ed25519;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.Surprisal;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Members;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.DeviceOption;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.ReleaseFiles;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import io.surprisal.trainer.TrainerProcess;
import io.surprisal.trainer.TrainerSettings;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.drift.DriftSensitivity;
import io.surprisal.trainer.release.CanarySettings;
import io.surprisal.trainer.release.GateSettings;
import io.surprisal.trainer.release.PublicationSettings;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import io.surprisal.trainer.run.RunSettings;
import io.surprisal.trainer.run.ScheduleSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
public final class TrainCommand implements Callable<Integer> {
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

  @Option(
      names = "--first-images",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Images that the first release is trained from (default: ${DEFAULT-VALUE}).")
  private int firstImages;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      defaultValue = "20",
      description = "Training time of a run (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--every",
      paramLabel = "DURATION",
      defaultValue = "24h",
      description = "Train when no run has ended for this long (default: ${DEFAULT-VALUE}).")
  private Duration every;

  @Option(
      names = "--pause",
      paramLabel = "DURATION",
      defaultValue = "10m",
      description = "Least time between runs that nobody asked for (default: ${DEFAULT-VALUE}).")
  private Duration pause;

  @Option(
      names = "--drift-images",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "A shift of the scores counts once it lasts for so many images (default:"
              + " ${DEFAULT-VALUE}).")
  private int driftImages;

  @Option(
      names = "--drift-time",
      paramLabel = "DURATION",
      defaultValue = "5m",
      description = "and for this long (default: ${DEFAULT-VALUE}).")
  private Duration driftTime;

  @Option(
      names = "--drift-false-alarms",
      paramLabel = "N",
      defaultValue = "1000000",
      description =
          "Images between two false alarms of the drift test, on average, at least (default:"
              + " ${DEFAULT-VALUE}).")
  private double falseAlarms;

  @Option(
      names = "--tolerance",
      paramLabel = "BITS",
      defaultValue = "0.01",
      description =
          "Rise of held-out bits/dim over the active release that passes the gate (default:"
              + " ${DEFAULT-VALUE}).")
  private double tolerance;

  @Option(
      names = "--canary",
      paramLabel = "SHARE",
      description =
          "Let what passes the gate score this share of the live images too, beside the active"
              + " release, before it serves (default: it serves at once).")
  private Optional<Double> canaryShare = Optional.empty();

  @Option(
      names = "--canary-images",
      paramLabel = "N",
      defaultValue = "" + CanarySettings.DEFAULT_IMAGES,
      description =
          "Images that both have scored when it is decided whether it serves (default:"
              + " ${DEFAULT-VALUE}).")
  private long canaryImages;

  @Option(
      names = "--canary-time",
      paramLabel = "DURATION",
      defaultValue = "1h",
      description =
          "What has not scored so many after this long is refused (default: ${DEFAULT-VALUE}).")
  private Duration canaryTime;

  @Option(
      names = "--recent",
      paramLabel = "N",
      defaultValue = "20000",
      description = "Most images of the recent windows together (default: ${DEFAULT-VALUE}).")
  private int recent;

  @Option(
      names = "--sampled",
      paramLabel = "N",
      defaultValue = "20000",
      description =
          "Most images of the uniform samples of all that came (default: ${DEFAULT-VALUE}).")
  private int sampled;

  @Option(
      names = "--held-out",
      paramLabel = "SHARE",
      defaultValue = "0.2",
      description = "Share of the images that is never trained on (default: ${DEFAULT-VALUE}).")
  private double heldOut;

  @Option(
      names = "--max-age",
      paramLabel = "DURATION",
      defaultValue = "720h",
      description = "Older images are dropped (default: ${DEFAULT-VALUE}).")
  private Duration maxAge;

  @Option(
      names = "--evaluations",
      paramLabel = "K",
      defaultValue = "8",
      description = "Evaluations that scorers serve with (default: ${DEFAULT-VALUE}).")
  private int evaluations;

  @Option(
      names = "--alert-rate",
      paramLabel = "RATE",
      defaultValue = "0.01",
      description = "Alert rate that scorers serve with, in (0, 1) (default: ${DEFAULT-VALUE}).")
  private double alertRate;

  @Option(
      names = "--config",
      paramLabel = "NAME",
      description =
          "Built-in configuration of new networks, see 'fit --list' (default: what suits images,"
              + " time and machine).")
  private Optional<String> configuration = Optional.empty();

  @Option(
      names = "--largest-side",
      paramLabel = "PIXELS",
      defaultValue = "64",
      description =
          "New networks see larger images scaled down to this (default: ${DEFAULT-VALUE}).")
  private int largestSide;

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
          "Private key (Ed25519, PEM) that releases are signed with (default: not signed).")
  private Optional<Path> signingKey = Optional.empty();

  @Option(
      names = "--commanded-by",
      paramLabel = "FILE",
      description =
          "Public key (Ed25519, PEM) that commands must be signed with; repeatable (default: none"
              + " needs a signature).")
  private List<Path> commanders = new ArrayList<>();

  public TrainCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
  }

  @Override
  public Integer call() throws Exception {
    require(minutes > 0, "--minutes is " + minutes + ", must be above 0");
    require(firstImages >= 1, "--first-images is " + firstImages + ", must be at least 1");
    require(driftImages >= 1, "--drift-images is " + driftImages + ", must be at least 1");
    require(falseAlarms > 1, "--drift-false-alarms is " + falseAlarms + ", must be above 1");
    require(tolerance >= 0, "--tolerance is " + tolerance + ", must be at least 0");
    require(
        canaryShare.map(share -> share > 0 && share <= 1).orElse(true),
        "--canary is " + canaryShare.orElse(0.0) + ", must be within (0, 1]");
    require(canaryImages >= 2, "--canary-images is " + canaryImages + ", must be at least 2");
    require(recent >= 1, "--recent is " + recent + ", must be at least 1");
    require(sampled >= 0, "--sampled is " + sampled + ", must be at least 0");
    require(heldOut > 0 && heldOut < 1, "--held-out is " + heldOut + ", must be within (0, 1)");
    require(evaluations >= 1, "--evaluations is " + evaluations + ", must be at least 1");
    require(
        alertRate > 0 && alertRate < 1, "--alert-rate is " + alertRate + ", must be within (0, 1)");
    require(largestSide >= 8, "--largest-side is " + largestSide + ", must be at least 8");
    require(kept >= 2, "--keep is " + kept + ", must be at least 2");
    if (firstRelease.isPresent()) {
      ReleaseFiles.load(firstRelease.get());
    }
    TorchRuntime.preferOperatorThreads(1);
    WritableDirectory.require(stateDirectory, "--state-dir");
    WritableDirectory.require(store, "--store");
    invocation.stop().allow(LONGEST_END);
    prepareTopics();
    TrainerSettings settings = settings();
    try (TrainerProcess trainer = new TrainerProcess(settings, InstantSource.system());
        AutoCloseable told = health.start(() -> health(trainer))) {
      LOG.info(
          "Trainer {} reads {}; releases go to {}; Ctrl-C ends it",
          settings.cluster().member(),
          settings.cluster().topics().images(),
          store);
      trainer.run(invocation.stop()::requested);
    }
    return 0;
  }

  private static Health health(TrainerProcess trainer) {
    OptionalDouble heartbeat = Health.secondsSinceHeartbeat(trainer.metrics());
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("state", trainer.active() ? "ACTIVE" : "STANDING_BY");
    details.put("secondsSinceHeartbeat", heartbeat);
    details.put("secondsSinceTurn", trainer.sinceTurn().toSeconds());
    return new Health(
        trainer.sinceTurn().compareTo(LONGEST_TURN) < 0, Health.heard(heartbeat), details);
  }

  private void prepareTopics() {
    try (Admin admin = kafka.connect()) {
      new TopicSetup(admin)
          .apply(
              TopicSettings.all(kafka.topics(), 4, TopicSettings.DEFAULT_MAX_IMAGE_BYTES),
              Optional.empty());
    }
  }

  private TrainerSettings settings() throws IOException {
    Optional<PrivateKey> key =
        signingKey.isPresent()
            ? Optional.of(Ed25519.privateKey(signingKey.get()))
            : Optional.empty();
    return new TrainerSettings(
        stateDirectory.toAbsolutePath(),
        new ClusterSettings(
            kafka.topics(),
            kafka.client(Map.of()),
            applicationId,
            Members.name(instanceId),
            Ed25519.publicKeys(commanders),
            commandExpiry),
        firstRelease,
        new PublicationSettings(store.toAbsolutePath(), throughKafka, kept, key),
        new ReservoirBounds(recent, sampled, heldOut, maxAge),
        new DriftSensitivity(falseAlarms, driftImages, driftTime),
        new CanarySettings(
            canaryShare.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
            canaryImages,
            canaryTime),
        new ScheduleSettings(
            firstImages, Duration.ofMillis(Math.round(minutes * 60_000)), every, pause),
        new RunSettings(
            kafka.topics().images(),
            configuration.map(this::named),
            largestSide,
            device.device(),
            new GateSettings(tolerance, evaluations, alertRate),
            new Surprisal.Version().getVersion()[0]));
  }

  private FitConfiguration named(String name) {
    try {
      return FitConfiguration.named(name);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }
}
