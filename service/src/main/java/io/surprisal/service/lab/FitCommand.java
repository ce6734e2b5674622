package io.surprisal.service.lab;

import io.surprisal.model.calibration.ControlFit;
import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.FitRequest;
import io.surprisal.model.fit.HeldOut;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.fit.Start;
import io.surprisal.model.fit.TrainingPlan;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.fits.FitProgress;
import io.surprisal.service.fits.PictureFits;
import io.surprisal.service.options.ConfigurationOption;
import io.surprisal.service.options.EvaluationsOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.ImagesOption;
import io.surprisal.service.options.InterpretationOption;
import io.surprisal.service.options.PicturesOption;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StrictOption;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal fit}: from images to a release. */
@Command(
    name = "fit",
    description = {
      "Trains a release on images, and calibrates it on a held-out share of them.",
      "Ctrl-C ends the training early with a usable release; --resume goes on from there."
    })
final class FitCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(FitCommand.class);
  private static final int DEFAULT_MINUTES = 20;
  private static final double DEFAULT_HELD_OUT = 0.1;

  /** Rather than forgo what is typical and where, up to so much of the images is held out. */
  private static final double MOST_HELD_OUT = 0.25;

  /** Calibration counts whole pictures, of which there are fewer. */
  private static final double PICTURES_HELD_OUT = 0.3;

  /** A step of a large network on a CPU takes minutes, and the release is worth waiting for. */
  private static final Duration LONGEST_END = Duration.ofMinutes(10);

  private final Invocation invocation;
  private final InstantSource clock = new SteadyTime();

  @Spec private CommandSpec spec;

  @Mixin
  private final ImagesOption data =
      new ImagesOption(
          "IDX (also .gz) or CIFAR binary files, picture files (PNG, JPEG, TIFF, BMP), or a folder"
              + " of those.");

  @Option(
      names = "--out",
      required = true,
      paramLabel = "RELEASE",
      description = "Where the release goes (.safetensors); the checkpoint lies beside it.")
  private Path out;

  @Mixin private ConfigurationOption configuration;

  @Mixin private PicturesOption pictures;

  @Mixin private InterpretationOption interpretation;

  @Option(names = "--batch", paramLabel = "B", description = "Images a step.")
  private Optional<Integer> batch = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Optimiser steps in all; 0 writes the untrained network.")
  private Optional<Long> steps = Optional.empty();

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = {
        "Time in all, with what is measured before and calibrated after the training.",
        "Default, without --steps: 20."
      })
  private Optional<Double> minutes = Optional.empty();

  @Option(
      names = "--timesteps",
      paramLabel = "T",
      description = "Train for T discrete steps instead of continuous time.")
  private Optional<Integer> timesteps = Optional.empty();

  @Option(names = "--flip", description = "Mirror half of the images, by chance, left to right.")
  private boolean flip;

  @Mixin
  private final SeedOption seed = new SeedOption("Of initialisation, split, order and noise", 1);

  @Option(
      names = "--no-ema",
      description = "Release the raw weights instead of their exponential moving average.")
  private boolean noAverage;

  @Option(names = "--resume", description = "Go on from the checkpoint beside --out.")
  private boolean resume;

  @Option(
      names = "--held-out",
      paramLabel = "SHARE",
      description =
          "Share of the images that is never trained on (default: 0.1, or as much as 640 images are,"
              + " up to 0.25, which show what is typical; of pictures seen by tiles, 0.3).")
  private Optional<Double> heldOut = Optional.empty();

  @Option(
      names = "--calibration-images",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Most held-out images that calibrate the release (default: ${DEFAULT-VALUE}).")
  private int calibrationImages;

  @Mixin
  private final EvaluationsOption evaluations =
      new EvaluationsOption("Evaluations an image that the release will be served with");

  @Option(
      names = "--list",
      help = true,
      description = "List the built-in configurations with their cost for grey 28×28 images.")
  private boolean list;

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  FitCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      String release,
      String id,
      int parameters,
      long steps,
      long images,
      double seconds,
      double heldOutBitsPerDim,
      long heldOutStep,
      double pngBitsPerDim,
      int calibrationImages,
      boolean stopped) {}

  @Override
  public Integer call() throws IOException {
    if (list) {
      BuiltInConfigurations.print(output);
      return 0;
    }
    Usage.require(
        spec, steps.orElse(0L) >= 0, "--steps is " + steps.orElse(0L) + ", must be at least 0");
    Usage.require(
        spec, minutes.orElse(1.0) > 0, "--minutes is " + minutes.orElse(1.0) + ", must be above 0");
    double held = heldOut.orElse(DEFAULT_HELD_OUT);
    Usage.require(spec, held >= 0 && held < 1, "--held-out is " + held + ", must be in [0, 1)");
    Usage.require(
        spec,
        calibrationImages >= 1,
        "--calibration-images is " + calibrationImages + ", must be at least 1");
    int k = evaluations.value();
    // Hours of training must not end at a folder that cannot be written to.
    OutputFile.require(out, "--out");
    invocation.stop().allow(LONGEST_END);
    invocation.stop().onStop(() -> invocation.err().println("surprisal: stopping"));
    Instant start = clock.instant();
    FitImages images = images();
    strict.require(data.paths(), images.preprocessing());
    FitConfiguration fit = configuration(images, start);
    if (invocation.stop().requested()) {
      invocation.err().println("surprisal: stopped before the training; no release was written");
      return 0;
    }
    Execution where = execution.forModel(fit.model(images.preprocessing().shape()));
    FitRequest request =
        new FitRequest(
            images,
            fit,
            resume ? new Start.Resumed() : new Start.Anew(),
            budget(),
            seed.value(),
            where,
            new FitRequest.Outcome(
                out,
                noAverage ? FitRequest.Weights.LAST : FitRequest.Weights.AVERAGED,
                k,
                calibrationImages,
                Optional.empty(),
                time().map(start::plus)));
    try (FitProgress display = new FitProgress(invocation, request.budget())) {
      Release release = new Fit(request, display, invocation.stop()::requested, clock).run();
      display.close();
      print(release, display.parameters());
    }
    return 0;
  }

  /** The images as they are, or, where they are large or of several sizes, by tiles. */
  private FitImages images() throws IOException {
    String name =
        data.paths().stream()
            .map(path -> path.getFileName().toString())
            .collect(Collectors.joining(" "));
    PicturePlan.Wishes wishes = pictures.wishes();
    Interpretation how = interpretation.of(data.paths());
    ImageDataset whole;
    if (PictureFiles.isAllOf(data.paths())) {
      PictureFiles files = Images.pictures(data.paths(), how);
      if (wishes.isSet() || PicturePlan.isNeededFor(files)) {
        return PictureFits.tiled(
            files, wishes, name, heldOut.orElse(PICTURES_HELD_OUT), calibrationImages);
      }
      whole = Images.alike(files);
    } else if (wishes.isSet()) {
      throw new IllegalArgumentException(
          "--scale, --tile and --largest-side are for picture files");
    } else {
      whole = data.open(how);
    }
    double held = heldOut.orElse(usualShare(whole.size()));
    LOG.info(
        "{} images of {}×{}, whole; {} held out",
        whole.size(),
        whole.width(),
        whole.height(),
        Math.round(held * whole.size()));
    return new FitImages.Whole(whole, name, new HeldOut.Share(held), how);
  }

  /** Of so many whole images. */
  static double usualShare(int images) {
    double typical = (double) ControlFit.ENOUGH_IMAGES / images;
    return typical <= MOST_HELD_OUT ? Math.max(DEFAULT_HELD_OUT, typical) : DEFAULT_HELD_OUT;
  }

  private Optional<Duration> time() {
    return minutes
        .or(() -> steps.isEmpty() ? Optional.of((double) DEFAULT_MINUTES) : Optional.empty())
        .map(m -> Duration.ofMillis((long) (m * 60_000)));
  }

  private Budget budget() {
    if (steps.isEmpty()) {
      return new Budget.Time(time().orElseThrow());
    }
    Budget.Steps bySteps = new Budget.Steps(steps.get());
    return time()
        .<Budget>map(limit -> new Budget.Either(bySteps, new Budget.Time(limit)))
        .orElse(bySteps);
  }

  /**
   * As named; else, to resume, the checkpoint's; else what suits the images. Starts the engine:
   * with dropout one worker whose operators use all cores, otherwise as many workers as cores.
   */
  private FitConfiguration configuration(FitImages images, Instant start) throws IOException {
    Map<String, Object> more = new LinkedHashMap<>();
    batch.ifPresent(b -> more.put("batch", b));
    timesteps.ifPresent(t -> more.put("timesteps", t));
    if (flip) {
      more.put("flip", true);
    }
    FitConfiguration named = configuration.read(more);
    Map<String, Object> set = configuration.set();
    set.putAll(more);
    boolean resumed = resume && !configuration.isNamed();
    FitConfiguration known = resumed ? Fit.resumable(out).with(set) : named;
    if (known.network().dropout() == 0) {
      TorchRuntime.preferOperatorThreads(1);
    }
    boolean untrained = steps.equals(Optional.of(0L));
    return resumed || untrained || configuration.isNamed() ? known : planned(images, set, start);
  }

  private FitConfiguration planned(FitImages images, Map<String, Object> set, Instant start) {
    LOG.info("measuring which configuration suits images and budget; --config NAME spares it");
    return PictureFits.planned(
        images,
        budget(),
        set,
        execution.device(),
        new TrainingPlan.Measuring(
            clock,
            time()
                .map(all -> start.plusMillis((long) (PictureFits.MEASURING * all.toMillis())))
                .orElse(Instant.MAX),
            invocation.stop()::requested));
  }

  private void print(Release release, int parameters) {
    TrainingRecord training = release.training();
    List<TrainingRecord.Point> history = training.history();
    Optional<TrainingRecord.Point> last =
        history.isEmpty() ? Optional.empty() : Optional.of(history.get(history.size() - 1));
    Result result =
        new Result(
            out.toString(),
            release.id(),
            parameters,
            training.steps(),
            training.images(),
            training.seconds(),
            last.map(TrainingRecord.Point::heldOutBitsPerDim).orElse(Double.NaN),
            last.map(TrainingRecord.Point::step).orElse(0L),
            training.pngBitsPerDim(),
            release.calibration().map(Calibration::images).orElse(0),
            invocation.stop().requested());
    output.print(
        result,
        new Table(
                "release",
                "steps",
                "images",
                "minutes",
                "held-out bits/dim",
                "at step",
                "PNG",
                "calibrated on")
            .row(
                result.release(),
                result.steps(),
                result.images(),
                result.seconds() / 60,
                result.heldOutBitsPerDim(),
                result.heldOutStep(),
                result.pngBitsPerDim(),
                result.calibrationImages()));
    if (invocation.stop().requested()) {
      invocation
          .err()
          .println("surprisal: stopped early; the release is usable, --resume goes on with it");
    }
  }
}
