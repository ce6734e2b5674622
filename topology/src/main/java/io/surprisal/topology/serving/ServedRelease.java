package io.surprisal.topology.serving;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringLane;
import io.surprisal.model.batching.SpareLane;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.CertainVerdict;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.StoppingRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/** A release with its scorer, whose native memory it owns, beside others in one batch scorer. */
public final class ServedRelease implements LoadedModel {

  private final Release release;
  private final Scoring scoring;
  private final BatchScorer batches;
  private final ImageScorer scorer;
  private final List<ScoringLane> lanes = new ArrayList<>();
  private final List<SpareLane> spareLanes = new ArrayList<>();

  /**
   * Loads the network and scores a blank image with it on each device.
   *
   * @param batches stays the caller's
   * @throws IllegalArgumentException if the blank image has no finite score
   */
  public ServedRelease(Release release, Execution execution, Scoring scoring, BatchScorer batches) {
    this.release = release;
    this.scoring = scoring;
    this.batches = batches;
    scorer = new ImageScorer(release, execution, BoundEstimator.served(release, scoring.stages()));
    try {
      for (ImageLikelihood blank : scorer.scoreBlank()) {
        if (!Double.isFinite(blank.bitsPerDim())) {
          throw new IllegalArgumentException(
              "it gives a blank image " + blank.bitsPerDim() + " bits/dim");
        }
      }
    } catch (RuntimeException e) {
      scorer.close();
      throw e;
    }
  }

  @Override
  public ServedModel at(OptionalDouble alertRate) {
    double rate = alertRate.orElse(scoring.alertRate());
    AlertRule rule = AlertRule.of(release, scorer.evaluations(), scorer.precision(), rate);
    ScoringLane lane = batches.queue(scorer, stoppingRule(rule));
    lanes.add(lane);
    return ServedModel.of(release, lane, scorer.evaluations(), scorer.precision(), rate);
  }

  @Override
  public ShadowModel inShadow(OptionalDouble alertRate, double share, Consumer<String> refusal) {
    double rate = alertRate.orElse(scoring.alertRate());
    AlertRule rule = AlertRule.of(release, scorer.evaluations(), scorer.precision(), rate);
    SpareLane lane = batches.spare(scorer, stoppingRule(rule));
    spareLanes.add(lane);
    return new ShadowModel(release.id(), release.preprocessing(), lane, rule, share, refusal);
  }

  private StoppingRule stoppingRule(AlertRule rule) {
    if (scoring.stages().ends().size() == 1 || rule.threshold().isEmpty()) {
      return StoppingRule.NEVER;
    }
    return new CertainVerdict(
        release.calibration().orElseThrow(), rule.threshold().getAsDouble(), scoring.certainty());
  }

  @Override
  public boolean retire(Duration timeout) throws InterruptedException {
    for (ScoringLane lane : lanes) {
      if (!lane.retire(timeout)) {
        return false;
      }
    }
    return leaveShadow(timeout);
  }

  private boolean leaveShadow(Duration timeout) throws InterruptedException {
    for (SpareLane lane : spareLanes) {
      if (!lane.retire(timeout)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    scorer.close();
  }
}
