package io.surprisal.model.fit;

import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run learns: the bound of the held-out images beside the loss in training. */
final class LearningCurve {
  private static final Logger LOG = LoggerFactory.getLogger(LearningCurve.class);
  private static final int IMAGES = 128;

  private final ModelConfiguration model;
  private final Execution execution;
  private final int evaluations;
  private final FitSplit split;
  private final BooleanSupplier stop;
  private final List<TrainingRecord.Point> points;
  private double lossSum;
  private long lossCount;
  private boolean warned;
  private double secondsAnImage = Double.NaN;

  /**
   * A curve.
   *
   * @param stop whether a measurement is to be given up
   * @param points so far
   */
  LearningCurve(
      FitRequest request,
      ModelConfiguration model,
      FitSplit split,
      BooleanSupplier stop,
      List<TrainingRecord.Point> points) {
    this.model = model;
    this.split = split;
    this.stop = stop;
    this.points = new ArrayList<>(points);
    execution =
        new Execution(
            request.execution().device(), Precision.FLOAT32, request.execution().workers());
    evaluations = request.outcome().evaluations();
  }

  List<TrainingRecord.Point> points() {
    return points;
  }

  /** Whether its last point is of a step. */
  boolean isMeasuredAt(long step) {
    return !points.isEmpty() && points.get(points.size() - 1).step() == step;
  }

  /**
   * What scoring what goes through the network at once takes, seconds; NaN before it was measured.
   */
  double secondsAnImage() {
    return secondsAnImage;
  }

  /** Takes the loss of a step, bits/dim. */
  void add(double trainingBitsPerDim) {
    lossSum += trainingBitsPerDim;
    lossCount++;
  }

  /**
   * Measures a point.
   *
   * @param weights as the release would hold them
   * @return empty where nothing is held out, or it was stopped meanwhile
   */
  Optional<TrainingRecord.Point> measure(long step, float[] weights) {
    if (split.heldOutImages() == 0) {
      return Optional.empty();
    }
    try (ImageScorer scorer =
        new ImageScorer(
            model,
            weights,
            execution,
            BoundEstimator.plain(Stages.single(evaluations), NoisePlan.keyedByPixels()))) {
      DatasetLikelihood likelihood =
          DatasetLikelihood.measure(scorer, split.heldOut(), IMAGES, (index, image) -> {}, stop);
      secondsAnImage = 1 / likelihood.imagesPerSecond();
      if (stop.getAsBoolean()) {
        return Optional.empty(); // of a part of the images only
      }
      NoiseSchedule schedule = NoiseSchedule.of(model, weights);
      TrainingRecord.Point point =
          new TrainingRecord.Point(
              step,
              lossCount == 0 ? Double.NaN : lossSum / lossCount,
              likelihood.bitsPerDim(),
              schedule.gammaAtZero(),
              schedule.gammaAtOne());
      points.add(point);
      lossSum = 0;
      lossCount = 0;
      return Optional.of(point);
    }
  }

  /** Logs the last point, and says once that more training makes it worse. */
  void log() {
    TrainingRecord.Point last = points.get(points.size() - 1);
    Optional<TrainingRecord.Point> best = TrainingRecord.overfittedSince(points);
    if (!warned && best.isPresent()) {
      warned = true;
      LOG.warn(
          "step {}: held-out bits/dim has turned up, {} after {} at step {}: the run over-fits;"
              + " stop it earlier, take more images, dropout, --flip or a smaller --config",
          last.step(),
          fourDigits(last.heldOutBitsPerDim()),
          fourDigits(best.get().heldOutBitsPerDim()),
          best.get().step());
    }
    LOG.info(
        "step {}: held-out {} bits/dim, training {}",
        last.step(),
        fourDigits(last.heldOutBitsPerDim()),
        Double.isNaN(last.trainingBitsPerDim())
            ? "not begun"
            : fourDigits(last.trainingBitsPerDim()));
  }

  private static String fourDigits(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
