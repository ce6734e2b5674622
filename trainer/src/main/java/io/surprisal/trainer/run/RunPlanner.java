package io.surprisal.trainer.run;

import ai.djl.Device;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.calibration.ControlFit;
import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.diffusion.PrecisionMeasurement;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.PicturePlan;
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
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides on a run: which images, from which weights, in which configuration. */
public final class RunPlanner {
  private static final Logger LOG = LoggerFactory.getLogger(RunPlanner.class);

  /** Fewer images teach nothing that would generalise. */
  static final int FEWEST_TRAINING_IMAGES = 64;

  private static final int MEASURED_IMAGES = 64;

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
    return lackOfWhole(alertRate, reservoir.size(Reservoir.Pool.HELD_OUT_RECENT));
  }

  /**
   * The same of the first release. Of large pictures, which it will see by tiles, more must be held
   * out, see {@link PictureCalibrator#fitted}.
   */
  Optional<String> lackOfFirst(double alertRate) {
    int heldOut = reservoir.size(Reservoir.Pool.HELD_OUT_RECENT);
    boolean large =
        reservoir
            .any(Reservoir.Pool.HELD_OUT_RECENT)
            .map(image -> PicturePlan.isTooLargeToBeWhole(image.pixels().shape()))
            .orElse(false);
    return large
        ? lack(alertRate, heldOut, PictureCalibrator.fitted(heldOut))
        : lackOfWhole(alertRate, heldOut);
  }

  /** Why the reservoir does not suffice for a run after a shift yet; empty where it does. */
  Optional<String> lack(double alertRate, StreamShift shift) {
    int[] heldOut = new int[1];
    reservoir.forEach(
        image -> heldOut[0] += shift.isBefore(image) ? 0 : 1, Reservoir.Pool.HELD_OUT_RECENT);
    return lackOfWhole(alertRate, heldOut[0]);
  }

  private Optional<String> lackOfWhole(double alertRate, int heldOut) {
    return lack(alertRate, heldOut, ControlFit.images(heldOut, heldOut).length);
  }

  /**
   * @param fitted how many of the held-out images show what is usual, and do not calibrate
   */
  private Optional<String> lack(double alertRate, int heldOut, int fitted) {
    // Most images are in both, so that the larger is nearly all of them.
    int training =
        Math.max(
            reservoir.size(Reservoir.Pool.TRAINING_RECENT),
            reservoir.size(Reservoir.Pool.TRAINING_UNIFORM));
    return training >= FEWEST_TRAINING_IMAGES && heldOut - fitted >= fewestHeldOut(alertRate)
        ? Optional.empty()
        : Optional.of(
            "the reservoir has %d images to train on and %d to calibrate on (of %d held out), a run needs %d and %d (for an alert rate of %s); wait for more images, or keep more bytes of large ones (--kept-bytes)"
                .formatted(
                    training,
                    heldOut - fitted,
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
    Optional<FitConfiguration> again =
        order.fromScratch() ? Optional.empty() : parent.flatMap(RunPlanner::configurationOf);
    boolean warm = again.isPresent();
    ChosenImages chosen = ChosenImages.of(reservoir, order);
    if (chosen.training().size() < FEWEST_TRAINING_IMAGES) {
      throw new IllegalStateException(
          "%d images to train on raised no alerts, a run needs %d; wait for more, or send RETRAIN with includeAlerted"
              .formatted(chosen.training().size(), FEWEST_TRAINING_IMAGES));
    }
    boolean tiledAlready =
        parent.map(active -> active.preprocessing().tiling().isPresent()).orElse(false);
    Preprocessing input =
        warm || tiledAlready
            ? parent.orElseThrow().preprocessing()
            : chosen.forNewNetwork(settings.pictures());
    Optional<Preprocessing> tiled = Optional.of(input).filter(of -> of.tiling().isPresent());
    Parts parts =
        tiled.isPresent() ? pictures(directory, chosen, input) : whole(directory, chosen, input);
    parts.sources().write(directory);
    if (tiled.isPresent()) {
      requireCalibrating(parts.heldOut() + parts.alerted(), order.alertRate());
    }
    RunImages images = RunImages.in(directory, tiled, input.interpretation());
    FitConfiguration fit =
        again.orElseGet(
            () ->
                newConfiguration(
                    images.toFit(settings.imagesTopic(), parts.heldOut() + parts.alerted()),
                    order));
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
            parts.heldOut() + parts.alerted(),
            parts.alerted(),
            chosen.window(settings.imagesTopic()),
            order.best().orElse(null),
            tiled.orElse(null));
    plan.write(directory);
    return plan;
  }

  /**
   * How many images were written of each part.
   *
   * @param heldOut that raised no alert, or are normal all the same
   * @param alerted that are held out, too
   * @param sources of all images, in the order of the run
   */
  private record Parts(int heldOut, int alerted, RunSources sources) {}

  /** Takes an image of a run. */
  private interface Taker {
    /**
     * @param position in the order of the run
     * @param seen as the network's shape and scale have it
     */
    void take(int position, PixelImage image, PixelImage seen);
  }

  /** Writes images in the network's shape. */
  private Parts whole(Path directory, ChosenImages chosen, Preprocessing shape) throws IOException {
    Map<Integer, PixelImage> inOrder = new TreeMap<>();
    Parts parts = take(chosen, shape, (position, image, seen) -> inOrder.put(position, seen));
    Idx.write(
        RunImages.fileOfWhole(directory), ImageDatasets.of(new ArrayList<>(inOrder.values())));
    return parts;
  }

  /** Writes pictures as they came, one at a time, since together they may be larger than memory. */
  private Parts pictures(Path directory, ChosenImages chosen, Preprocessing shape)
      throws IOException {
    Path folder = RunImages.folderOfPictures(directory);
    try {
      return take(chosen, shape, (position, image, seen) -> write(folder, position, image));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Reads what was chosen once more, and leaves out what scorers reject. */
  private Parts take(ChosenImages chosen, Preprocessing shape, Taker taker) {
    int training = chosen.training().size();
    int normal = training + chosen.heldOut().size();
    int[] held = new int[2];
    Map<Integer, String> sources = new TreeMap<>();
    ChosenImages.read(
        reservoir,
        chosen.all(),
        (position, image) ->
            applied(image, shape)
                .ifPresent(
                    seen -> {
                      taker.take(position, image.pixels(), seen);
                      sources.put(position, image.source());
                      if (position >= training) {
                        held[position >= normal ? 1 : 0]++;
                      }
                    }));
    return new Parts(held[0], held[1], new RunSources(List.copyOf(sources.values())));
  }

  private static void write(Path folder, int position, PixelImage picture) {
    try {
      StoredPictures.write(folder, position, picture);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Empty where scorers reject it, too. */
  private static Optional<PixelImage> applied(ReservoirImage image, Preprocessing shape) {
    try {
      return Optional.of(shape.apply(image.pixels()));
    } catch (ImageRejectedException e) {
      LOG.debug("{} does not take part", image.place(), e);
      return Optional.empty();
    }
  }

  /** Of held-out pictures a part shows what is usual where, and does not calibrate. */
  private static void requireCalibrating(int heldOut, double alertRate) {
    int calibrating = heldOut - PictureCalibrator.fitted(heldOut);
    if (calibrating < fewestHeldOut(alertRate)) {
      throw new IllegalStateException(
          "%d pictures are held out, of which %d would calibrate; an alert rate of %s needs %d: wait for more, keep more bytes of them (--kept-bytes), or set a higher rate"
              .formatted(heldOut, calibrating, alertRate, fewestHeldOut(alertRate)));
    }
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

  private FitConfiguration newConfiguration(FitImages images, RunOrder order) {
    Device device = settings.device();
    return settings
        .configuration()
        .orElseGet(
            () ->
                TrainingPlan.of(
                        images.sample(MEASURED_IMAGES),
                        images.preprocessing().tiling().isPresent()
                            ? TrainingPlan.Sight.TILES
                            : TrainingPlan.Sight.IMAGES,
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
