package io.surprisal.topology.serving;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringLane;
import io.surprisal.model.batching.SpareLane;
import io.surprisal.model.detection.AlertRules;
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

/**
 * A release on its device, ready to serve, beside others in one batch scorer. Owns its scorer's
 * native memory; {@link #close} frees it. Not thread-safe; what it gives out is.
 */
final class ServedRelease implements AutoCloseable {

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
  ServedRelease(Release release, Execution execution, Scoring scoring, BatchScorer batches) {
    this.release = release;
    this.scoring = scoring;
    this.batches = batches;
    if (release.preprocessing().tiling().isPresent() && scoring.stages().ends().size() > 1) {
      throw new IllegalArgumentException(
          "it sees pictures tile by tile, and its calibration says which tiles are looked at again: serve it with a single number of evaluations");
    }
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

  /** Serves with the alert rate that this member is set up for. */
  ServedModel asSetUp() {
    return at(OptionalDouble.empty());
  }

  /**
   * Serves with an alert rate.
   *
   * @param alertRate share of normal images to alert on, in (0, 1); empty: as this member is set up
   * @throws IllegalArgumentException if the release is calibrated for another way of scoring
   */
  ServedModel at(OptionalDouble alertRate) {
    double rate = alertRate.orElse(scoring.alertRate());
    AlertRules rules = rules(rate);
    ScoringLane lane = batches.queue(scorer, release.preprocessing(), stoppingRule(rules));
    lanes.add(lane);
    return new ServedModel(
        release.id(), release.preprocessing(), lane, scorer.precision(), rules, rate);
  }

  /**
   * Is tried in the shadow of another.
   *
   * @param alertRate as of {@link #at}
   * @param share of the images, in (0, 1]
   * @param refusal is told why it cannot be tried any further
   * @throws IllegalArgumentException if the release is calibrated for another way of scoring
   */
  ShadowModel inShadow(OptionalDouble alertRate, double share, Consumer<String> refusal) {
    AlertRules rules = rules(alertRate.orElse(scoring.alertRate()));
    SpareLane lane = batches.spare(scorer, release.preprocessing(), stoppingRule(rules));
    spareLanes.add(lane);
    return new ShadowModel(release.id(), release.preprocessing(), lane, rules, share, refusal);
  }

  /** One for all where images stop early: where they stop, its threshold says. */
  private AlertRules rules(double alertRate) {
    AlertRules rules = AlertRules.of(release, scorer.evaluations(), scorer.precision(), alertRate);
    return scoring.stages().ends().size() == 1 ? rules : AlertRules.same(rules.ofAll());
  }

  private StoppingRule stoppingRule(AlertRules rules) {
    OptionalDouble threshold = rules.ofAll().threshold();
    if (scoring.stages().ends().size() == 1 || threshold.isEmpty()) {
      return StoppingRule.NEVER;
    }
    return new CertainVerdict(
        release.calibration().orElseThrow(), threshold.getAsDouble(), scoring.certainty());
  }

  /**
   * Takes no more images, and waits for those at hand.
   *
   * @return false if some were still at work when the time was over; it must not be closed then
   */
  boolean retire(Duration timeout) throws InterruptedException {
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
