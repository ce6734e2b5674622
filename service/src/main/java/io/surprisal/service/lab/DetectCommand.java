package io.surprisal.service.lab;

import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.ImageStatistics;
import io.surprisal.model.detection.Statistic;
import io.surprisal.model.evaluation.Bootstrap;
import io.surprisal.model.evaluation.MarkedRegions;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseOption;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StrictOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal detect}: how well a release tells anomalous images from normal ones. */
@Command(
    name = "detect",
    description = {
      "Scores normal and anomalous images as the stream does, and says how well they are told apart:"
          + " by each statistic of the release, by what it combines them to, and by baselines"
          + " without a network: the residual of a principal component analysis, the length under a"
          + " lossless codec, and what that and a Gaussian say together.",
      "The larger a statistic, the more anomalous, in all columns. Pictures that cannot be used are"
          + " skipped and named. Ctrl-C ends it early, with what has been scored."
    })
final class DetectCommand implements Callable<Integer> {

  /** Of a release that is not calibrated for another number. */
  private static final int DEFAULT_EVALUATIONS = 8;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final ReleaseOption release = new ReleaseOption();

  @Option(
      names = "--normal",
      required = true,
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description =
          "Normal images that neither trained nor calibrated the release: IDX (also .gz) or CIFAR"
              + " binary files, PNG or JPEG files, or a folder of those.")
  private List<Path> normal = List.of();

  @Option(
      names = "--anomalous",
      required = true,
      paramLabel = "NAME=FILE|DIR",
      converter = NamedPath.Converter.class,
      description =
          "Anomalous images, and what to call them. Several times for several sets; the same name"
              + " again adds to its set.")
  private List<NamedPath> anomalous = List.of();

  @Mixin private final LimitOption limit = LimitOption.none("Only the first N images of each set");

  @Mixin
  private final SeedOption seed =
      new SeedOption("Of the resamples, of the search for principal components and its split", 1);

  @Option(
      names = "--evaluations",
      paramLabel = "K",
      description =
          "Evaluations of the network an image (default: as the release is calibrated, else 8).")
  private Optional<Integer> evaluations = Optional.empty();

  @Option(
      names = "--baseline-data",
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description =
          "Normal images that the principal components are of, such as those that trained the"
              + " release. Without it they are of a half of the normal images, drawn by --seed, and"
              + " everything is compared with the other half alone.")
  private List<Path> baselineData = List.of();

  @Option(
      names = "--regions",
      paramLabel = "JSON",
      description = {
        "What is anomalous where: also says in how many pictures the strongest window lies there,"
            + " and how surprising these parts are beside the same of normal pictures in the same"
            + " sub-folder.",
        "An object of lists of polygons by picture, {\"place/photo.jpg\": [[[x, y], …], …]}, in"
            + " pixels of the picture."
      })
  private Optional<Path> regions = Optional.empty();

  @Option(
      names = "--plot",
      paramLabel = "FILE.png",
      description = "Also draw the receiver operating characteristics, a panel a set.")
  private Optional<Path> plot = Optional.empty();

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("SHARE", "Share of normal images to alert on");

  @Mixin private final StrictOption strict;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  DetectCommand(Invocation invocation) {
    this.invocation = invocation;
    this.strict = new StrictOption(invocation);
    this.output = new Output(invocation);
  }

  /**
   * An anomalous set.
   *
   * @param images all of it
   * @param count of those that are looked at, the first ones
   * @param study of its regions, where there are some
   */
  private record Anomalous(ImageSource images, int count, Optional<RegionStudy> study) {

    ScoredSet scored(String name, SetScoring scoring) {
      return scoring.score(
          name,
          images,
          IntStream.range(0, count).toArray(),
          (index, evidence) -> study.ifPresent(regions -> regions.anomalous(index, evidence)));
    }
  }

  @Override
  public Integer call() throws IOException {
    requireUsage();
    Release loaded = release.load();
    requireUsable(loaded);
    TorchRuntime.preferOperatorThreads(1);
    int k =
        evaluations.orElse(
            loaded.calibration().map(Calibration::evaluations).orElse(DEFAULT_EVALUATIONS));
    Execution where = execution.forScoring(loaded);
    Judge judge =
        new Judge(
            AlertRule.of(loaded, k, where.precision().toString(), alertRate.value()),
            ImageStatistics.of(loaded.calibration()));
    Interpretation how = loaded.preprocessing().interpretation();
    ImageSource usual = Images.asTheyAre(normal, how);
    sayWhatBecomesOf(usual, loaded);
    Map<String, Anomalous> sets = sets(loaded, judge.statistics());
    ComponentFit fit = new ComponentFit(invocation, loaded.preprocessing(), seed.value());
    ComponentFit.Outcome components =
        baselineData.isEmpty()
            ? fit.ofHalf(usual, limit.of(usual))
            : fit.of(Images.asTheyAre(baselineData, how), limit.of(usual));
    Map<String, ScoredSet> others = new LinkedHashMap<>();
    ScoredSet scored;
    try (ImageScorer scorer =
            new ImageScorer(loaded, where, BoundEstimator.served(loaded, Stages.single(k)));
        Workers workers = new Workers("detect", where.workers())) {
      SetScoring scoring =
          new SetScoring(
              invocation,
              loaded.preprocessing(),
              scorer,
              workers,
              judge.statistics(),
              judge.rule(),
              components);
      scored = scoring.score("normal", usual, components.compared(), shownTo(sets, usual));
      sets.forEach((name, set) -> others.put(name, set.scored(name, scoring)));
    }
    requireComparable(scored, others);
    Bootstrap bootstrap = Bootstrap.seeded(seed.value());
    DetectionResult.Setting setting =
        new DetectionResult.Setting(
            k,
            where.precision().toString(),
            alertRate.value(),
            seed.value(),
            bootstrap.resamples());
    report(loaded.id(), setting, new Found(scored, others, sets, components, judge), bootstrap);
    return 0;
  }

  /** What a release says of an image. */
  private record Judge(AlertRule rule, ImageStatistics statistics) {}

  /** All that there is to compare. */
  private record Found(
      ScoredSet normal,
      Map<String, ScoredSet> others,
      Map<String, Anomalous> sets,
      ComponentFit.Outcome components,
      Judge judge) {

    List<DetectionMeasure> measures() {
      return Stream.of(DetectionMeasure.values())
          .filter(
              measure ->
                  measure.statistic().filter(judge.statistics().absent()::containsKey).isEmpty()
                      && !components.absent().containsKey(measure))
          .toList();
    }

    /** Those that the release's rule alerts for. */
    List<DetectionMeasure> alerting() {
      return judge.rule().silence().isPresent()
          ? List.of()
          : measures().stream().filter(measure -> measure.alerts().isPresent()).toList();
    }

    /** What there is no figure of, and why. */
    Map<String, String> absent() {
      Map<String, String> absent = new LinkedHashMap<>();
      for (DetectionMeasure measure : DetectionMeasure.values()) {
        measure
            .statistic()
            .map(judge.statistics().absent()::get)
            .ifPresent(why -> absent.put(measure.key(), why));
      }
      components.absent().forEach((measure, why) -> absent.put(measure.key(), why));
      judge.rule().silence().ifPresent(why -> absent.put("alerts", why));
      return absent;
    }
  }

  private static SetScoring.Witness shownTo(Map<String, Anomalous> sets, ImageSource usual) {
    return (index, evidence) ->
        sets.values().stream()
            .flatMap(set -> set.study().stream())
            .forEach(study -> study.normal(usual.name(index), evidence));
  }

  private void report(String id, DetectionResult.Setting setting, Found found, Bootstrap bootstrap)
      throws IOException {
    List<DetectionMeasure> measures = found.measures();
    List<DetectionMeasure> alerting = found.alerting();
    ScoredSet usual = found.normal();
    List<DetectionResult.Pair> pairs = new ArrayList<>();
    List<Panel> panels = new ArrayList<>();
    found
        .others()
        .forEach(
            (name, set) -> {
              if (usual.images().isEmpty() || set.images().isEmpty()) {
                return; // stopped before
              }
              pairs.add(
                  new DetectionResult.Pair(
                      name,
                      DetectionResult.figures(usual, set, measures, alerting, bootstrap),
                      setting.evaluationsPerImage(),
                      usual.images().size(),
                      set.images().size(),
                      set.skipped(),
                      DetectionResult.warnings(usual, set),
                      Optional.ofNullable(found.sets().get(name))
                          .flatMap(Anomalous::study)
                          .flatMap(study -> study.found(bootstrap))
                          .map(DetectionResult.Regions::of)));
              panels.add(DetectionPanels.roc(name, usual, set, measures));
            });
    print(
        new DetectionResult(
            id,
            setting,
            DetectionResult.normal(usual, alerting, bootstrap),
            found.components().summary(),
            found.absent(),
            pairs,
            invocation.stop().requested()));
    if (plot.isPresent() && !panels.isEmpty()) {
      Figure.write(plot.get(), List.of(panels));
    }
  }

  private void requireUsage() {
    alertRate.require();
    limit.require(1);
    Usage.require(
        spec,
        evaluations.orElse(1) >= 1,
        "--evaluations is " + evaluations.orElse(1) + ", must be at least 1");
    plot.ifPresent(file -> OutputFile.requirePng(file, "--plot", spec.commandLine()));
  }

  private void requireUsable(Release loaded) throws IOException {
    strict.require(normal, loaded.preprocessing());
    for (NamedPath named : anomalous) {
      strict.require(List.of(named.path()), loaded.preprocessing());
    }
    strict.require(baselineData, loaded.preprocessing());
  }

  private void sayWhatBecomesOf(ImageSource images, Release loaded) {
    if (images instanceof PictureFiles files) {
      Images.say(loaded.preprocessing(), files.size(0).height(), files.size(0).width());
    } else {
      Images.say(loaded.preprocessing(), images.image(0).height(), images.image(0).width());
    }
  }

  private Map<String, Anomalous> sets(Release loaded, ImageStatistics statistics)
      throws IOException {
    Optional<MarkedRegions> marked =
        regions.isPresent() ? Optional.of(MarkedRegions.read(regions.get())) : Optional.empty();
    if (marked.isPresent() && statistics.absent().containsKey(Statistic.LOCAL)) {
      throw new IllegalArgumentException(
          "--regions needs a release that knows where a picture is surprising; "
              + statistics.absent().get(Statistic.LOCAL));
    }
    Map<String, List<Path>> paths = new LinkedHashMap<>();
    for (NamedPath named : anomalous) {
      paths.computeIfAbsent(named.name(), name -> new ArrayList<>()).add(named.path());
    }
    Map<String, Anomalous> sets = new LinkedHashMap<>();
    for (Map.Entry<String, List<Path>> set : paths.entrySet()) {
      ImageSource images =
          Images.asTheyAre(set.getValue(), loaded.preprocessing().interpretation());
      int count = limit.of(images);
      Optional<RegionStudy> study = Optional.empty();
      if (marked.isPresent() && images instanceof PictureFiles files) {
        study = Optional.of(new RegionStudy(marked.get(), files, count, loaded.preprocessing()));
        if (study.get().pictures() == 0) {
          invocation
              .err()
              .printf(
                  "surprisal: none of the pictures of %s is among the %d of %s%n",
                  set.getKey(), marked.get().pictures(), regions.get());
        }
      }
      sets.put(set.getKey(), new Anomalous(images, count, study));
    }
    return sets;
  }

  private void requireComparable(ScoredSet scored, Map<String, ScoredSet> others) {
    if (invocation.stop().requested()) {
      invocation.err().println("surprisal: stopped early; compared is what has been scored");
      return;
    }
    requireSome("--normal", scored);
    others.forEach(this::requireSome);
  }

  private void requireSome(String name, ScoredSet set) {
    if (set.images().isEmpty()) {
      throw new IllegalArgumentException(
          "none of the images of %s can be scored; the first: %s"
              .formatted(name, set.skipped().get(0)));
    }
  }

  private void print(DetectionResult result) {
    if (output.json()) {
      output.printLine(result, "");
    } else {
      DetectionText.print(result, invocation.out());
    }
  }
}
