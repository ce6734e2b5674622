package io.surprisal.service.demo;

import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.handover.Trust;
import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.TemporaryFolder;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.fits.FolderFit;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.PicturesOption;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.SidecarProcess;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.service.web.Dashboard;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.topics.TopicSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal demo}: broker, scorer and camera in one process, and what comes of it. */
@Command(
    name = "demo",
    description = {
      "Runs an embedded broker, a scorer, a trainer and a camera in one go, and prints alerts as they"
          + " come.",
      "The camera draws inspection images, now and then with a defect; --camera replaces it with"
          + " real images, of any sizes. Ctrl-C ends it with a summary; nothing is left behind."
    })
final class DemoCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(DemoCommand.class);
  private static final Duration FIRST_RELEASE = Duration.ofSeconds(60);
  private static final double FIT_MINUTES = 5;
  private static final double TRAINING_MINUTES = 2;

  /** Images that may wait for their scores, and pictures, each of which has many tiles. */
  private static final int IMAGES_WAITING = 200;

  private static final int PHOTOS_WAITING = 4;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      description = "End by itself after this long, for example 60s (default: at Ctrl-C).")
  private Optional<Duration> time = Optional.empty();

  @Option(
      names = "--camera",
      paramLabel = "FILE|DIR",
      description = {
        "Real images in place of the drawn ones, over and over; each folder in it is a source.",
        "Without --release one is first fitted on two thirds of them, and the others are shown."
      })
  private Optional<Path> camera = Optional.empty();

  @Option(
      names = "--release",
      paramLabel = "FILE",
      description =
          "The release to score with (default: releases/demo.safetensors; with --camera one that is"
              + " fitted first).")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "20",
      description = "Images a second (default: ${DEFAULT-VALUE}).")
  private double rate;

  @Option(
      names = "--defect-rate",
      paramLabel = "SHARE",
      defaultValue = "0.05",
      description = "Share of drawn images with a defect (default: ${DEFAULT-VALUE}).")
  private double defectRate;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("RATE", "Share of normal images that may alert");

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations of the network an image");

  @Mixin
  private final SeedOption seed = new SeedOption("Of the camera; the release was fitted on 1", 2);

  @Option(
      names = "--shift",
      paramLabel = "DURATION",
      arity = "0..1",
      fallbackValue = "60s",
      description =
          "After this long (default: 60s) the drawn surfaces grow rougher for good: alerts rise,"
              + " the trainer learns them, and alerts return to their rate.")
  private Optional<Duration> shift = Optional.empty();

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = {
        "Of the release that --camera fits without --release: all the time that it takes (default: 5).",
        "Of the trainer's runs: their training (default: 2)."
      })
  private Optional<Double> minutes = Optional.empty();

  @Mixin private PicturesOption pictures;

  @Option(
      names = "--port",
      paramLabel = "P",
      defaultValue = "0",
      description = "Port of the embedded broker (default: any free one).")
  private int port;

  @Mixin private final ExecutionOption execution = new ExecutionOption();

  @Mixin private final Output output;

  DemoCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec, rate > 0 && rate <= 10_000, "--rate is " + rate + ", must be above 0, at most 10000");
    Usage.require(
        spec,
        defectRate >= 0 && defectRate <= 1,
        "--defect-rate is " + defectRate + ", must be in [0, 1]");
    Usage.require(spec, port >= 0 && port <= 65_535, "--port is " + port + ", must be 0 to 65535");
    Usage.require(
        spec, minutes.orElse(1.0) > 0, "--minutes is " + minutes.orElse(1.0) + ", must be above 0");
    Usage.require(
        spec,
        shift.isEmpty() || camera.isEmpty(),
        "--shift changes drawn surfaces, leave out --camera");
    alertRate.require();
    evaluations.require();
    Usage.require(
        spec,
        !pictures.wishes().isSet() || (camera.isPresent() && release.isEmpty()),
        "--scale, --tile and --largest-side are for the release that --camera fits without --release");
    if (camera.isEmpty()) {
      DemoRelease drawn = DemoRelease.ofDrawnImages(release.orElseGet(DemoRelease::shipped));
      run(
          drawn,
          new DrawnSurfaces(seed.value(), defectRate, drawn.side(), shiftAt()),
          alertRate.value());
    } else if (!PictureFiles.isAllOf(List.of(camera.get()))) {
      Path file = camera.get();
      ImageDataset images = Images.open(List.of(file));
      DemoRelease known =
          DemoRelease.ofRealImages(release.orElseThrow(() -> DemoRelease.none(file)), file, images);
      run(known, ShownPictures.of(images, name(file)), alertRate.value());
    } else if (release.isPresent()) {
      PictureFiles files = Images.pictures(List.of(camera.get()));
      run(
          DemoRelease.ofRealImages(release.get(), camera.get(), files),
          shown(files, ShownPictures.Standing.UNKNOWN),
          alertRate.value());
    } else {
      fitAndRun(Images.pictures(List.of(camera.get())));
    }
    return 0;
  }

  /** What to call the images of a file or folder. */
  private static String name(Path path) {
    return String.valueOf(path.toAbsolutePath().normalize().getFileName());
  }

  private ShownPictures shown(PictureFiles files, ShownPictures.Standing standing)
      throws IOException {
    PictureFiles fitting =
        ShownPictures.fitting(
            files,
            ImageSizeLimit.DEFAULT_BYTES,
            (name, why) -> LOG.warn("not shown: {}: {}", name, why));
    return ShownPictures.of(fitting, name(camera.orElseThrow()), standing);
  }

  /** Fits a release on two thirds of the pictures, and shows it the others. */
  private void fitAndRun(PictureFiles files) throws Exception {
    double time = minutes.orElse(FIT_MINUTES);
    InstantSource clock = new SteadyTime();
    Instant start = clock.instant();
    FolderFit part =
        FolderFit.of(files, pictures.wishes(), name(camera.orElseThrow()), seed.value());
    Usage.require(
        spec,
        part.calibrates(),
        files.size()
            + " pictures are too few to fit a release on; give at least "
            + FolderFit.FEWEST_PICTURES
            + ", or name a --release");
    ShownPictures unseen = shown(part.unseen(), ShownPictures.Standing.NEVER_SEEN);
    LOG.info(
        "no --release: fitting one on {} of the {} pictures takes {} minutes (--minutes); then the"
            + " other {} are shown to it",
        part.images().size(),
        files.size(),
        time,
        unseen.size());
    try (TemporaryFolder made = TemporaryFolder.create("surprisal-demo-fit")) {
      Path file = made.path().resolve("camera.safetensors");
      Release fitted =
          part.fit(
              invocation,
              execution,
              clock,
              new FolderFit.Order(
                  file,
                  evaluations.value(),
                  seed.value(),
                  start,
                  start.plusMillis((long) (time * 60_000))));
      if (invocation.stop().requested()) {
        invocation.err().println("surprisal: stopped during the fit; no picture was shown");
        return;
      }
      run(new DemoRelease(file, fitted), unseen, allowedRate(fitted));
    }
  }

  /** The alert rate, or the smallest that the calibration of a release made here allows. */
  private double allowedRate(Release fitted) {
    double asked = alertRate.value();
    double rate =
        fitted.calibration().map(c -> FolderFit.alertRate(asked, c.images())).orElse(asked);
    if (rate > asked) {
      LOG.info(
          "{} pictures calibrate the release, which allows no alert rate below {}: it is that",
          fitted.calibration().orElseThrow().images(),
          DemoReport.rate(rate));
    }
    return rate;
  }

  /** Number of the first shot with rougher surfaces. */
  private long shiftAt() {
    return shift.map(after -> (long) (after.toMillis() * rate / 1000)).orElse(Long.MAX_VALUE);
  }

  private void run(DemoRelease scored, DemoCamera source, double rateOfAlerts) throws Exception {
    Release loaded = scored.release();
    // The demo prints alerts and releases itself, with the truth beside them.
    Configurator.setLevel("io.surprisal.topology", Level.WARN);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    AlertRule rule =
        AlertRule.of(loaded, evaluations.value(), where.precision().toString(), rateOfAlerts);
    DemoReport report = new DemoReport(invocation, output, source.tally(rule, loaded.id()));
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-demo", port)) {
      Topics topics = new Topics(Topics.DEFAULT_PREFIX);
      StreamSettings settings =
          cluster.streamSettings(
              "surprisal-demo",
              Runtime.getRuntime().availableProcessors(),
              cluster.createTopics(topics, TopicSettings.DEFAULT_PARTITIONS));
      Path store = cluster.folder().resolve("releases");
      DirectAnnouncement.of(scored.file(), loaded, store, cluster.clients(), topics, "demo");
      try (ScoringService service = scoring(cluster, settings, topics, where, rateOfAlerts);
          SidecarProcess trainer = trainer(cluster, store, rateOfAlerts);
          DemoStream stream =
              new DemoStream(
                  cluster.bootstrapServer(),
                  topics,
                  source,
                  new DemoStream.Pace(rate, scored.tiles() ? PHOTOS_WAITING : IMAGES_WAITING),
                  report,
                  scored.tiles() ? () -> {} : trainer::start);
          Dashboard page =
              Dashboard.start(
                  cluster.clients(),
                  topics,
                  Dashboard.Access.ofThisMachine(System.getProperty("user.name", "")),
                  Optional.empty())) {
        if (!service.awaitStart(FIRST_RELEASE)) {
          throw new IllegalStateException(
              "the release did not serve within " + FIRST_RELEASE.toSeconds() + " s");
        }
        introduce(cluster.bootstrapServer(), topics, scored, rule, rateOfAlerts);
        LOG.info("look at it in a browser, review and steer: {}", page.addressWithToken());
        stream.run(time, invocation.stop(), service);
        service
            .failure()
            .ifPresent(
                cause -> {
                  throw new IllegalStateException(
                      "the stream ended: " + Failure.story(cause), cause);
                });
      }
      report.print(
          ManagementFactory.getRuntimeMXBean().getStartTime(),
          loaded,
          rateOfAlerts,
          evaluations.value());
    }
  }

  private ScoringService scoring(
      TemporaryCluster cluster,
      StreamSettings settings,
      Topics topics,
      Execution where,
      double rateOfAlerts) {
    return ScoringService.ofAnnounced(
        announced -> execution.forRelease(announced, where.devices()),
        where.workers(),
        Scoring.simple(evaluations.value(), rateOfAlerts, where.devices()),
        topics,
        settings,
        cluster.clients(),
        "demo",
        Trust.ANYBODY,
        Optional.empty());
  }

  private SidecarProcess trainer(TemporaryCluster cluster, Path store, double rateOfAlerts) {
    return new SidecarProcess(
        invocation.mainClass(),
        cluster.folder().resolve("trainer.log"),
        List.of(
            "--bootstrap-server",
            cluster.bootstrapServer(),
            "--state-dir",
            cluster.folder().resolve("trainer").toString(),
            "--store",
            store.toString(),
            "--evaluations",
            String.valueOf(evaluations.value()),
            "--alert-rate",
            String.valueOf(rateOfAlerts),
            "--minutes",
            String.valueOf(minutes.orElse(TRAINING_MINUTES)),
            "--drift-images",
            "500",
            "--drift-time",
            "15s",
            "--pause",
            "30s"));
  }

  private void introduce(
      String server, Topics topics, DemoRelease scored, AlertRule rule, double rateOfAlerts) {
    LOG.info(
        "broker at {}; watch it with 'surprisal scores --bootstrap-server {}'", server, server);
    LOG.info(
        "camera: {}{} images/s to {}; alert rate {}; {}",
        scored.tiles() ? "as many as are scored, at most " : "",
        rate,
        topics.images(),
        DemoReport.rate(rateOfAlerts),
        time.map(t -> "ends after " + t.toSeconds() + " s").orElse("Ctrl-C ends it"));
    if (scored.tiles()) {
      LOG.info("no trainer: it does not learn from tiles, so this release serves to the end");
    }
    rule.silence()
        .ifPresent(reason -> LOG.warn("images are scored, but none raises an alert: {}", reason));
  }
}
