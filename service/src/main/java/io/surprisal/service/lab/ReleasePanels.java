package io.surprisal.service.lab;

import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What {@code inspect --plot} shows of a release: its schedule, the diffusion loss over time, and
 * its learning curve.
 */
final class ReleasePanels {
  private static final String BITS_PER_DIM = "bits/dim";
  private static final int SCHEDULE_POINTS = 201;

  private ReleasePanels() {}

  static List<Panel> of(Release release) {
    return List.of(
        schedule(release),
        loss(release.calibration().map(Calibration::lossProfile).orElse(LossProfile.UNMEASURED)),
        learning(release.training().history()));
  }

  /** 1. γ(t) against the straight line between its end points. */
  private static Panel schedule(Release release) {
    NoiseSchedule schedule = NoiseSchedule.of(release.configuration(), release.parameters());
    double start = schedule.gammaAtZero();
    double end = schedule.gammaAtOne();
    double[] t =
        IntStream.range(0, SCHEDULE_POINTS).mapToDouble(i -> i / (SCHEDULE_POINTS - 1.0)).toArray();
    double[] line = {start, end};
    String yAxis = "γ = −log SNR";
    return new Panel(
        "Noise schedule " + release.configuration().schedule(),
        "time t",
        List.of(
            new Panel.Curve("γ(t)", yAxis, Panel.Style.LINE, t, schedule.gamma(t)),
            new Panel.Curve(
                "straight line", yAxis, Panel.Style.REFERENCE, new double[] {0, 1}, line)),
        "");
  }

  /**
   * 2. The diffusion loss and the variance of one evaluation of it. The title's variance is larger
   * than the curve's mean: at a uniform t the loss itself varies too.
   */
  private static Panel loss(LossProfile profile) {
    OptionalDouble mean = profile.meanBitsPerDim();
    OptionalDouble variance = profile.evaluationVariance();
    String title =
        mean.isPresent() && variance.isPresent()
            ? String.format(
                Locale.ROOT,
                "Diffusion loss %.3f bits/dim, variance at uniform t %.3g (bits/dim)²",
                mean.getAsDouble(),
                variance.getAsDouble())
            : "Diffusion loss";
    if (!profile.measured()) {
      return new Panel(
          title,
          "time t",
          List.of(),
          "not measured: surprisal calibrate does it, on some dozens of images or more");
    }
    double[] t = profile.points().stream().mapToDouble(LossProfile.Point::t).toArray();
    return new Panel(
        title,
        "time t",
        List.of(
            new Panel.Curve(
                "loss",
                "loss (bits/dim)",
                Panel.Style.LINE,
                t,
                profile.points().stream().mapToDouble(LossProfile.Point::lossBitsPerDim).toArray()),
            new Panel.Curve(
                "variance of one evaluation at t",
                "variance ((bits/dim)²)",
                Panel.Style.LINE,
                t,
                profile.points().stream().mapToDouble(LossProfile.Point::variance).toArray())),
        "");
  }

  /** 3. The bound over training steps; without history where it was not trained here. */
  private static Panel learning(List<TrainingRecord.Point> history) {
    List<Panel.Curve> curves =
        Stream.of(
                overSteps("held-out", history, TrainingRecord.Point::heldOutBitsPerDim),
                overSteps("training", history, TrainingRecord.Point::trainingBitsPerDim))
            .filter(curve -> curve.x().length > 0)
            .toList();
    return new Panel("Learning curve", "optimiser steps", curves, "this release has no history");
  }

  /** Points whose value is not measured, as that of the first training loss, are left out. */
  private static Panel.Curve overSteps(
      String name,
      List<TrainingRecord.Point> history,
      ToDoubleFunction<TrainingRecord.Point> value) {
    List<TrainingRecord.Point> measured =
        history.stream().filter(p -> Double.isFinite(value.applyAsDouble(p))).toList();
    return new Panel.Curve(
        name,
        BITS_PER_DIM,
        Panel.Style.LINE,
        measured.stream().mapToDouble(TrainingRecord.Point::step).toArray(),
        measured.stream().mapToDouble(value).toArray());
  }
}
