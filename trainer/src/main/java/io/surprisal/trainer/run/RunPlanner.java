package io.surprisal.trainer.run;

import ai.djl.Device;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.diffusion.PrecisionMeasurement;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.TrainingPlan;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides on a run: which images, from which weights, in which configuration. */
public final class RunPlanner {
  private static final Logger LOG = LoggerFactory.getLogger(RunPlanner.class);

  /** Fewer images teach nothing that would generalise. */
  static final int FEWEST_TRAINING_IMAGES = 64;

  private final RunSettings settings;
  private final Reservoir reservoir;
  private final ReleaseStore store;

  /** Plans runs on the images of a reservoir, from the releases of a store. */
  public RunPlanner(RunSettings settings, Reservoir reservoir, ReleaseStore store) {
    this.settings = settings;
    this.reservoir = reservoir;
    this.store = store;
  }

  /** Held-out images that a release needs to be calibrated for an alert rate. */
  static int fewestHeldOut(double alertRate) {
    return (int) Math.ceil(1 / alertRate);
  }

  /** Why the reservoir does not suffice for a run yet; empty where it does. */
  public Optional<String> lack(double alertRate) {
    return lack(alertRate, reservoir.size(Reservoir.Pool.HELD_OUT_RECENT));
  }

  /** Why the reservoir does not suffice for a run after a shift yet; empty where it does. */
  Optional<String> lack(double alertRate, StreamShift shift) {
    int[] heldOut = new int[1];
    reservoir.forEach(
        image -> heldOut[0] += shift.isBefore(image) ? 0 : 1, Reservoir.Pool.HELD_OUT_RECENT);
    return lack(alertRate, heldOut[0]);
  }

  private Optional<String> lack(double alertRate, int heldOut) {
    // Most images are in both, so that the larger is nearly all of them.
    int training =
        Math.max(
            reservoir.size(Reservoir.Pool.TRAINING_RECENT),
            reservoir.size(Reservoir.Pool.TRAINING_UNIFORM));
    return training >= FEWEST_TRAINING_IMAGES && heldOut >= fewestHeldOut(alertRate)
        ? Optional.empty()
        : Optional.of(
            "the reservoir has %d images to train on and %d held out, a run needs %d and %d (for an alert rate of %s); wait for more images, or keep more bytes of large ones (--kept-bytes)"
                .formatted(
                    training,
                    heldOut,
                    FEWEST_TRAINING_IMAGES,
                    fewestHeldOut(alertRate),
                    alertRate));
  }

  /**
   * Decides, and writes plan and images into the directory of the run.
   *
   * @throws IOException if they cannot be written, or the active release not be read
   * @throws IllegalStateException if too few images raised no alerts
   */
  RunPlan plan(Path directory, RunOrder order) throws IOException {
    Files.createDirectories(directory);
    Optional<Release> parent =
        order.active().isPresent()
            ? Optional.of(store.load(order.active().get()))
            : Optional.empty();
    if (parent.isPresent() && parent.get().preprocessing().tiling().isPresent()) {
      throw new IllegalStateException(
          "the active release sees pictures tile by tile, and only surprisal fit learns from crops: fit a new release on pictures like them and announce it");
    }
    Optional<FitConfiguration> again =
        order.fromScratch() ? Optional.empty() : parent.flatMap(RunPlanner::configurationOf);
    boolean warm = again.isPresent();
    ChosenImages chosen = ChosenImages.of(reservoir, order);
    if (chosen.training().size() < FEWEST_TRAINING_IMAGES) {
      throw new IllegalStateException(
          "%d images to train on raised no alerts, a run needs %d; wait for more, or send RETRAIN with includeAlerted"
              .formatted(chosen.training().size(), FEWEST_TRAINING_IMAGES));
    }
    Preprocessing input =
        warm ? parent.get().preprocessing() : chosen.commonestShape(settings.largestSide());
    List<PixelImage> training = inShape(chosen.training(), input);
    List<PixelImage> heldOut = inShape(chosen.heldOut(), input);
    List<PixelImage> alerted = inShape(chosen.heldOutAlerted(), input);
    List<PixelImage> all = new ArrayList<>(training);
    all.addAll(heldOut);
    all.addAll(alerted);
    ImageDataset data = ImageDatasets.of(all);
    Idx.write(TrainingRun.images(directory), data);
    FitConfiguration fit = again.orElseGet(() -> newConfiguration(data, order));
    RunPlan plan =
        new RunPlan(
            order.runId(),
            order.trigger(),
            order.commands(),
            order.active().orElse(""),
            warm,
            order.budget().toMillis() / 60_000.0,
            fit.fields(),
            precision(parent, fit.model(input.shape())),
            settings.gate().evaluations(),
            order.alertRate(),
            order.runId().hashCode(),
            heldOut.size() + alerted.size(),
            alerted.size(),
            chosen.window(settings.imagesTopic()));
    plan.write(directory);
    return plan;
  }

  private static List<PixelImage> inShape(List<ReservoirImage> images, Preprocessing shape) {
    List<PixelImage> all = new ArrayList<>();
    for (ReservoirImage image : images) {
      try {
        all.add(shape.apply(image.pixels()));
      } catch (ImageRejectedException e) {
        LOG.debug("{} does not take part", image.place(), e); // scorers reject it too
      }
    }
    return all;
  }

  /**
   * How to train a release further: as it was trained, or where it does not say how that was, its
   * network as usual.
   *
   * @return empty for a network that only other programs train
   */
  private static Optional<FitConfiguration> configurationOf(Release release) {
    FitConfiguration usual = FitConfiguration.named(FitConfiguration.DEFAULT);
    Map<String, Object> known = release.training().configuration();
    return known.isEmpty()
        ? usual.withNetwork(release.configuration())
        : Optional.of(usual.with(known));
  }

  private FitConfiguration newConfiguration(ImageDataset data, RunOrder order) {
    Device device = settings.device();
    return settings
        .configuration()
        .orElseGet(
            () ->
                TrainingPlan.of(
                        data,
                        TrainingPlan.Sight.IMAGES,
                        new Budget.Time(order.budget()),
                        Map.of(),
                        device,
                        TorchRuntime.trainingWorkers(device),
                        TrainingPlan.Measuring.UNBOUNDED)
                    .configuration());
  }

  /** As the active release is served; of the first one the faster. */
  private String precision(Optional<Release> parent, ModelConfiguration model) {
    return parent
        .flatMap(Release::calibration)
        .map(Calibration::precision)
        .orElseGet(() -> PrecisionMeasurement.of(model, settings.device()).choice().toString());
  }
}
