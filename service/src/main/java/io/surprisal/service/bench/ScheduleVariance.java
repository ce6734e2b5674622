package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.BetaLinearSchedule;
import io.surprisal.model.diffusion.CosineSchedule;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.LinearSchedule;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.variance.EstimatorVariance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The variance of a single evaluation's estimate of a release's diffusion loss, under its own
 * schedule and under fixed ones with the same end points.
 *
 * <p>Owns native memory; {@link #close()} frees it.
 */
final class ScheduleVariance implements AutoCloseable {
  private final DiffusionModel model;
  private final Map<String, NoiseSchedule> schedules = new LinkedHashMap<>();

  /** Loads the release's network. */
  ScheduleVariance(Release release, Execution execution) {
    model = new DiffusionModel(release.configuration(), release.parameters(), execution);
    schedules.put("own " + release.configuration().schedule(), model.schedule());
    schedules.put("linear", LinearSchedule.fixed(gammaAtZero(), gammaAtOne()));
    schedules.put("alpha-cosine", new CosineSchedule(gammaAtZero(), gammaAtOne()));
    schedules.put("beta-linear", new BetaLinearSchedule(gammaAtZero(), gammaAtOne()));
  }

  /**
   * One schedule.
   *
   * @param timesOwn variance over that of the release's own schedule
   */
  record Row(String schedule, EstimatorVariance estimate, double timesOwn) {}

  /** Where all the schedules begin. */
  double gammaAtZero() {
    return model.schedule().gammaAtZero();
  }

  /** Where all the schedules end. */
  double gammaAtOne() {
    return model.schedule().gammaAtOne();
  }

  /** How many schedules are measured. */
  int schedules() {
    return schedules.size();
  }

  /**
   * Measures, the release's own schedule first.
   *
   * @param count the first images of them are measured, at least 2
   * @param evaluations of each image, at least 2
   * @param seed of times and noise
   * @param progress is told after every image of every schedule
   */
  List<Row> measure(ImageDataset images, int count, int evaluations, long seed, Runnable progress) {
    List<Row> rows = new ArrayList<>();
    schedules.forEach(
        (name, schedule) -> {
          EstimatorVariance estimate =
              EstimatorVariance.measure(
                  model, schedule, images, count, evaluations, seed, done -> progress.run());
          double own = rows.isEmpty() ? estimate.variance() : rows.get(0).estimate().variance();
          rows.add(new Row(name, estimate, estimate.variance() / own));
        });
    return rows;
  }

  @Override
  public void close() {
    model.close();
  }
}
