package io.surprisal.service.bench;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.CertainVerdict;
import io.surprisal.model.images.Damage;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.StagesOption;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.serving.Scoring;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench stages}: what early stopping saves, and what it costs. */
@Command(
    name = "stages",
    description = {
      "Scores images, some of them damaged (noise, inversion, cut-out), in stages with early stop, and",
      "again with many evaluations: how many evaluations it took, and how often the verdicts agree.",
      "The release must be calibrated for the stages: surprisal calibrate --evaluations 4,8,16."
    })
final class BenchStagesCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Option(
      names = "--limit",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Only the first N images. Default: 2000.")
  private int limit;

  @Option(
      names = "--damaged",
      defaultValue = "0.01",
      paramLabel = "SHARE",
      description = "Share of images that are damaged. Default: 0.01.")
  private double damaged;

  @Option(
      names = "--evaluations",
      defaultValue = "4,8,16",
      split = ",",
      paramLabel = "K,K…",
      description = "The stages. Default: 4,8,16.")
  private List<Integer> evaluations;

  @Option(
      names = "--certainty",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "Standard deviations from the threshold that make a verdict certain. Default: 3.")
  private double certainty;

  @Option(
      names = "--reference",
      defaultValue = "128",
      paramLabel = "K",
      description = "Evaluations of the verdicts to agree with. Default: 128.")
  private int reference;

  @Option(
      names = "--alert-rate",
      defaultValue = "0.01",
      paramLabel = "RATE",
      description = "Share of normal images that may alert. Default: 0.01.")
  private double alertRate;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "S",
      description = "Of the damage. Default: 1.")
  private long seed;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchStagesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      int images,
      int damaged,
      String stages,
      double certainty,
      double threshold,
      double meanEvaluations,
      double shareOfEvaluations,
      List<Integer> stoppedAfterStage,
      int alerts,
      int referenceAlerts,
      double agreement,
      double allEvaluationsAgreement) {}

  @Override
  public Integer call() throws Exception {
    Stages stages = StagesOption.stages(spec.commandLine(), evaluations);
    require(limit >= 1, "--limit must be at least 1, not " + limit);
    require(damaged >= 0 && damaged <= 1, "--damaged must be in [0, 1], not " + damaged);
    require(certainty > 0, "--certainty must be above 0, not " + certainty);
    require(reference >= 1, "--reference must be at least 1, not " + reference);
    require(alertRate > 0 && alertRate < 1, "--alert-rate must be in (0, 1), not " + alertRate);
    Release loaded = measured.release();
    ImageDataset dataset = measured.imagesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    AlertRule rule =
        AlertRule.of(loaded, stages.evaluations(), where.precision().toString(), alertRate);
    double threshold =
        rule.threshold()
            .orElseThrow(() -> new MissingDependencyException(rule.silence().orElseThrow()));
    Random random = new Random(seed);
    List<PixelImage> images = new ArrayList<>();
    int damagedImages = 0;
    for (int i = 0; i < Math.min(limit, dataset.size()); i++) {
      boolean hit = random.nextDouble() < damaged;
      Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
      images.add(hit ? damage.apply(dataset.image(i), random) : dataset.image(i));
      damagedImages += hit ? 1 : 0;
    }
    int batch = Scoring.batch(where.devices());
    try (ImageScorer staged =
            new ImageScorer(loaded, where, BoundEstimator.served(loaded, stages));
        ImageScorer whole = new ImageScorer(loaded, where, stages.evaluations());
        ImageScorer exact = new ImageScorer(loaded, where, reference);
        BatchScorer batches =
            new BatchScorer(
                where.workers(),
                batch,
                Scoring.DEFAULT_LINGER,
                ScoringService.queueCapacity(where.workers(), batch));
        Progress progress = invocation.progress("score", 3L * images.size(), "images")) {
      CertainVerdict certain =
          new CertainVerdict(loaded.calibration().orElseThrow(), threshold, certainty);
      List<ImageLikelihood> early = score(batches.queue(staged, certain), images, progress);
      List<ImageLikelihood> late = score(batches.queue(whole), images, progress);
      List<ImageLikelihood> truth = score(batches.queue(exact), images, progress);
      progress.close();
      print(stages, rule, threshold, damagedImages, early, late, truth);
    }
    return 0;
  }

  private List<ImageLikelihood> score(
      ScoringQueue queue, List<PixelImage> images, Progress progress)
      throws InterruptedException, ExecutionException {
    List<CompletableFuture<ImageLikelihood>> waiting = new ArrayList<>();
    for (PixelImage image : images) {
      if (invocation.stop().requested()) {
        throw new IllegalStateException("stopped before the measurement was done");
      }
      waiting.add(queue.submit(image));
      progress.step();
    }
    List<ImageLikelihood> likelihoods = new ArrayList<>();
    for (CompletableFuture<ImageLikelihood> likelihood : waiting) {
      likelihoods.add(likelihood.get());
    }
    return likelihoods;
  }

  private void print(
      Stages stages,
      AlertRule rule,
      double threshold,
      int damagedImages,
      List<ImageLikelihood> early,
      List<ImageLikelihood> late,
      List<ImageLikelihood> truth) {
    int n = early.size();
    double mean = early.stream().mapToInt(ImageLikelihood::evaluations).average().orElseThrow();
    int agree = 0;
    int lateAgree = 0;
    for (int i = 0; i < n; i++) {
      boolean alert = rule.judge(truth.get(i)).alert();
      agree += rule.judge(early.get(i)).alert() == alert ? 1 : 0;
      lateAgree += rule.judge(late.get(i)).alert() == alert ? 1 : 0;
    }
    Result result =
        new Result(
            n,
            damagedImages,
            stages.toString(),
            certainty,
            threshold,
            mean,
            mean / stages.evaluations(),
            stages.ends().stream()
                .map(end -> (int) early.stream().filter(l -> l.evaluations() == end).count())
                .toList(),
            alerts(rule, early),
            alerts(rule, truth),
            (double) agree / n,
            (double) lateAgree / n);
    output.print(
        result,
        new Table(
                "images",
                "damaged",
                "evaluations",
                "of all",
                "stopped at " + stages,
                "alerts",
                "with " + reference,
                "same verdict",
                "without early stop")
            .row(
                n,
                damagedImages,
                mean,
                result.shareOfEvaluations(),
                result.stoppedAfterStage().toString(),
                result.alerts(),
                result.referenceAlerts(),
                result.agreement(),
                result.allEvaluationsAgreement()));
  }

  private static int alerts(AlertRule rule, List<ImageLikelihood> likelihoods) {
    return (int) likelihoods.stream().filter(l -> rule.judge(l).alert()).count();
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }
}
