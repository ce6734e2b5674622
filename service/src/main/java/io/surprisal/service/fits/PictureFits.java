package io.surprisal.service.fits;

import ai.djl.Device;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.HeldOut;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.fit.TrainingPlan;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What fits say and decide before they start, wherever a command runs one. */
public final class PictureFits {
  private static final Logger LOG = LoggerFactory.getLogger(PictureFits.class);

  /** Share of the time that may go into measuring which configuration suits. */
  public static final double MEASURING = 0.15;

  private static final double USUAL_ALERT_RATE = 0.01;
  private static final int MEASURED_IMAGES = 64;

  private PictureFits() {}

  /**
   * Pictures that go through the network by tiles; says how, and whether enough of them will
   * calibrate.
   *
   * @param heldOut share that is never trained on
   * @param calibrationImages most of them that calibrate
   */
  public static FitImages.Pictures tiled(
      PictureFiles files,
      PicturePlan.Wishes wishes,
      String name,
      double heldOut,
      int calibrationImages) {
    PicturePlan plan = PicturePlan.of(files, wishes);
    LOG.info("{} pictures: {}", files.size(), plan);
    FitImages.Pictures tiled =
        new FitImages.Pictures(
            files, plan.preprocessing(), plan.tiles(), name, new HeldOut.Share(heldOut));
    int calibrating = Math.min(calibrationImages, tiled.calibrating());
    double smallest = 1.0 / (calibrating + 1);
    if (calibrating > 0 && smallest > USUAL_ALERT_RATE) {
      LOG.warn(
          "{} of the pictures will calibrate: too few for alerts at a rate of 1 %, which takes 99;"
              + " give more pictures, or a larger --held-out, or score with --alert-rate {}",
          calibrating, String.format(Locale.ROOT, "%.3f", Math.ceil(1000 * smallest) / 1000));
    }
    return tiled;
  }

  /** What suits images, budget and machine; says what was chosen. */
  public static FitConfiguration planned(
      FitImages images,
      Budget budget,
      Map<String, Object> set,
      Device device,
      TrainingPlan.Measuring measuring) {
    TrainingPlan plan =
        TrainingPlan.of(
            images.sample(MEASURED_IMAGES),
            images.preprocessing().tiling().isPresent()
                ? TrainingPlan.Sight.TILES
                : TrainingPlan.Sight.IMAGES,
            budget,
            set,
            device,
            TorchRuntime.trainingWorkers(device),
            measuring);
    LOG.info(
        "configuration {}, training in {}: {} ms an image, about {} images",
        plan.name(),
        plan.configuration().step().precision(),
        String.format(Locale.ROOT, "%.1f", plan.millisPerImage()),
        String.format(Locale.ROOT, "%.0f", plan.images(budget)));
    return plan.configuration();
  }
}
