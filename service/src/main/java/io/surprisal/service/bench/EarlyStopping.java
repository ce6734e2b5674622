package io.surprisal.service.bench;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.CertainVerdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.serving.Scoring;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

/** What early stopping saves, and how often its verdicts are those of many evaluations. */
final class EarlyStopping {
  /** How often {@link #measure} scores every image. */
  static final int RUNS = 3;

  private final Release release;
  private final Execution execution;
  private final Stages stages;
  private final double certainty;
  private final int reference;

  /**
   * @param release calibrated for the stages
   * @param certainty standard deviations from the threshold that make a verdict certain
   * @param reference evaluations of the verdicts to agree with
   */
  EarlyStopping(
      Release release, Execution execution, Stages stages, double certainty, int reference) {
    this.release = release;
    this.execution = execution;
    this.stages = stages;
    this.certainty = certainty;
    this.reference = reference;
  }

  /** What was measured. */
  record Measured(Saving saving, Agreement agreement) {}

  /**
   * How many evaluations it took.
   *
   * @param meanEvaluations of an image
   * @param shareOfEvaluations that is of those of all stages
   * @param stoppedAfterStage images, by the stage that was their last
   */
  record Saving(
      double meanEvaluations, double shareOfEvaluations, List<Integer> stoppedAfterStage) {
    static Saving of(Stages stages, List<ImageLikelihood> early) {
      double mean = early.stream().mapToInt(ImageLikelihood::evaluations).average().orElseThrow();
      return new Saving(
          mean,
          mean / stages.evaluations(),
          stages.ends().stream()
              .map(end -> (int) early.stream().filter(l -> l.evaluations() == end).count())
              .toList());
    }
  }

  /**
   * How the verdicts compare with those of many evaluations.
   *
   * @param alerts with early stop
   * @param referenceAlerts with many evaluations
   * @param agreement share of images whose verdict with early stop is the reference's
   * @param allEvaluationsAgreement and without early stop
   */
  record Agreement(
      int alerts, int referenceAlerts, double agreement, double allEvaluationsAgreement) {
    /**
     * Compares.
     *
     * @param early with early stop
     * @param late with the evaluations of all stages
     * @param truth with many evaluations
     */
    static Agreement of(
        AlertRule rule,
        List<ImageLikelihood> early,
        List<ImageLikelihood> late,
        List<ImageLikelihood> truth) {
      List<Boolean> alerts = alerts(rule, early);
      List<Boolean> reference = alerts(rule, truth);
      return new Agreement(
          count(alerts),
          count(reference),
          share(alerts, reference),
          share(alerts(rule, late), reference));
    }

    private static List<Boolean> alerts(AlertRule rule, List<ImageLikelihood> likelihoods) {
      return likelihoods.stream().map(likelihood -> rule.judge(likelihood).alert()).toList();
    }

    private static int count(List<Boolean> alerts) {
      return (int) alerts.stream().filter(alert -> alert).count();
    }

    private static double share(List<Boolean> verdicts, List<Boolean> reference) {
      int same = 0;
      for (int i = 0; i < verdicts.size(); i++) {
        same += verdicts.get(i).equals(reference.get(i)) ? 1 : 0;
      }
      return (double) same / verdicts.size();
    }
  }

  /**
   * Scores the images with early stop, without, and with many evaluations.
   *
   * @param rule of the release for the stages
   * @param threshold of the rule, bits/dim
   * @param stop asked before every image
   * @param progress is told of every image that is handed in
   * @throws StoppedException if {@code stop} says so
   */
  Measured measure(
      List<PixelImage> images,
      AlertRule rule,
      double threshold,
      BooleanSupplier stop,
      Runnable progress)
      throws InterruptedException, ExecutionException {
    int batch = Scoring.batch(execution.devices());
    try (ImageScorer staged =
            new ImageScorer(release, execution, BoundEstimator.served(release, stages));
        ImageScorer whole = new ImageScorer(release, execution, stages.evaluations());
        ImageScorer exact = new ImageScorer(release, execution, reference);
        BatchScorer batches =
            new BatchScorer(
                execution.workers(),
                batch,
                Scoring.DEFAULT_LINGER,
                ScoringService.queueCapacity(execution.workers(), batch))) {
      CertainVerdict certain =
          new CertainVerdict(release.calibration().orElseThrow(), threshold, certainty);
      List<ImageLikelihood> early = score(batches.queue(staged, certain), images, stop, progress);
      List<ImageLikelihood> late = score(batches.queue(whole), images, stop, progress);
      List<ImageLikelihood> truth = score(batches.queue(exact), images, stop, progress);
      return new Measured(Saving.of(stages, early), Agreement.of(rule, early, late, truth));
    }
  }

  private static List<ImageLikelihood> score(
      ScoringQueue queue, List<PixelImage> images, BooleanSupplier stop, Runnable progress)
      throws InterruptedException, ExecutionException {
    List<CompletableFuture<ImageLikelihood>> waiting = new ArrayList<>();
    for (PixelImage image : images) {
      if (stop.getAsBoolean()) {
        throw new StoppedException();
      }
      waiting.add(queue.submit(image));
      progress.run();
    }
    List<ImageLikelihood> likelihoods = new ArrayList<>();
    for (CompletableFuture<ImageLikelihood> likelihood : waiting) {
      likelihoods.add(likelihood.get());
    }
    return likelihoods;
  }
}
