package io.surprisal.service.lab;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.datasets.SourcedImages;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.Stages;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StagesOption;
import io.surprisal.service.options.StrictOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal calibrate}: a release with alert thresholds for the user's normal images. */
@Command(
    name = "calibrate",
    description = {
      "Writes a release anew with a calibration on normal images.",
      "The images must not be those that it was trained on; alerts are judged against their scores."
    })
final class CalibrateCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin
  private final ReleaseAndImages normal =
      new ReleaseAndImages("Normal images: IDX, CIFAR binary, PNG or JPEG files, or a folder.");

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "Where the new release goes.")
  private Path out;

  @Mixin
  private final LimitOption limit =
      LimitOption.of("Calibrate on N of the images, drawn from all, at most", 2000);

  @Mixin private final SeedOption seed = new SeedOption("Of which images are drawn", 1);

  @Mixin
  private final StagesOption evaluations =
      new StagesOption(
          "Evaluations an image that the release will be served with",
          "Several, each a divisor of the next, such as 4,8,16: stages after which an image may"
              + " stop.");

  @Option(
      names = "--by-folder",
      description =
          "The folder that an image lies in, below the one that --data names, is the source that"
              + " its producer names in the stream. Sources with enough images, 4 / alert rate,"
              + " are judged by their own.")
  private boolean byFolder;

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  CalibrateCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /** What {@code --json} prints. */
  private record Result(
      String release,
      String id,
      int images,
      int evaluations,
      double bias,
      double biasStandardError,
      double medianBitsPerDim,
      double smallestAlertRate,
      List<SourceSummary> sources) {}

  @Override
  public Integer call() throws IOException {
    limit.require(1);
    Stages stages = evaluations.value();
    OutputFile.require(out, "--out");
    Usage.require(
        spec,
        !byFolder || stages.ends().size() == 1,
        "one threshold stops the images of all sources; give --evaluations a single number, or leave --by-folder out");
    Release loaded = normal.release();
    strict.require(normal.paths(), loaded.preprocessing());
    try {
      if (loaded.preprocessing().tiling().isPresent()) {
        calibratePictures(loaded, stages);
      } else {
        calibrateImages(loaded, stages);
      }
    } catch (CancellationException e) {
      invocation.err().println("surprisal: stopped; no release was written");
    }
    return 0;
  }

  /** What was measured so far would make no release, so the measuring ends where it is asked. */
  private boolean goesOn() {
    if (invocation.stop().requested()) {
      throw new CancellationException();
    }
    return false;
  }

  private void calibrateImages(Release loaded, Stages stages) throws IOException {
    ImageDataset all = normal.imagesFor(loaded);
    ImageDataset sourced = byFolder ? SourcedImages.of(all, folders(all)::get) : all;
    int count = limit.of(sourced);
    ImageDataset images =
        count < sourced.size() ? new ImageSubset(sourced, shuffled(sourced.size())) : sourced;
    if (count < Calibrator.FEWEST_IMAGES) {
      throw new ParameterException(
          spec.commandLine(),
          "%d images are too few to calibrate on; --data and --limit must give at least %d, and 1 / alert rate to alert"
              .formatted(count, Calibrator.FEWEST_IMAGES));
    }
    TorchRuntime.preferOperatorThreads(1);
    try (Progress progress = invocation.progress("calibrate", count, "images")) {
      Calibration calibration =
          Calibrator.calibrate(
              loaded,
              images,
              count,
              stages,
              execution.forModel(loaded.configuration()),
              progress::stepTo,
              this::goesOn);
      progress.close();
      print(loaded.recalibrated(out, calibration), calibration);
    }
  }

  /** Of a release that sees them by tiles. */
  private void calibratePictures(Release loaded, Stages stages) throws IOException {
    Usage.require(
        spec,
        stages.ends().size() == 1,
        "which tiles of a picture are looked at again is calibrated too; give --evaluations a single number");
    ImageSource all = normal.pictures(loaded);
    ImageSource images = byFolder ? SourcedImages.of(all, folders(all)::get) : all;
    PictureCalibrator.Pictures pictures =
        PictureCalibrator.Pictures.of(
            images,
            Arrays.stream(shuffled(images.size())).limit(limit.of(images)).sorted().toArray());
    Usage.require(
        spec,
        pictures.calibrating().length >= 1,
        images.size() + " pictures are too few: every third shows tiles, the others calibrate");
    TorchRuntime.preferOperatorThreads(1);
    int count = pictures.calibrating().length;
    try (Progress progress = invocation.progress("calibrate", count, "pictures")) {
      Calibration calibration =
          PictureCalibrator.calibrate(
                  loaded,
                  pictures,
                  stages.evaluations(),
                  execution.forModel(loaded.configuration()),
                  progress::stepTo,
                  () -> false,
                  this::goesOn)
              .orElseThrow(CancellationException::new);
      progress.close();
      print(loaded.recalibrated(out, calibration), calibration);
    }
  }

  /** The order of files may mean something, so that the first ones are not as all are. */
  private int[] shuffled(int images) {
    List<Integer> order = IntStream.range(0, images).boxed().collect(Collectors.toList());
    Collections.shuffle(order, new Random(seed.value()));
    return order.stream().mapToInt(i -> i).toArray();
  }

  /** The folder of each image. */
  private List<String> folders(ImageSource images) {
    return IntStream.range(0, images.size()).mapToObj(images::name).map(this::folder).toList();
  }

  private String folder(String name) {
    Path folder = Path.of(name).getParent();
    Usage.require(
        spec,
        folder != null,
        name
            + " lies in no folder below the one that --data names; --by-folder needs one a source");
    return String.valueOf(folder);
  }

  private void print(Release calibrated, Calibration calibration) {
    boolean looksTwice = calibration.local().flatMap(LocalNormal::firstLook).isPresent();
    Calibration.Correction correction = // of what bits/dim are the mean of
        calibration.corrections().get(looksTwice ? 0 : calibration.corrections().size() - 1);
    Result result =
        new Result(
            out.toString(),
            calibrated.id(),
            calibration.images(),
            calibration.evaluations(),
            correction.bias(),
            correction.standardError(),
            calibration.bitsPerDim()[calibration.images() / 2],
            1.0 / (calibration.images() + 1),
            SourceSummary.of(calibration));
    output.print(
        result,
        new Table("release", "images", "evaluations", "bias", "its error", "median bits/dim")
            .row(
                result.release(),
                result.images(),
                result.evaluations(),
                result.bias(),
                result.biasStandardError(),
                result.medianBitsPerDim()));
  }
}
