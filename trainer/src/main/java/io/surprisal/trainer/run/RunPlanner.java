package io.surprisal.trainer.run;

import ai.djl.Device;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.diffusion.PrecisionMeasurement;
import io.surprisal.model.fit.TrainingPlan;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
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

  /**
   * What a run is to do.
   *
   * @param runId its name
   * @param trigger why, in words
   * @param commands ids of the commands that it carries out
   * @param active id of the release that serves; empty: none
   * @param fromScratch whether to start from new weights in any case
   * @param includeAlerted whether images that raised alerts take part
   * @param shift where the stream, or one source, has changed for good: all its images from then on
   *     are normal ones now, and of its images they alone are what the release is calibrated on
   * @param budget of training time
   * @param alertRate that the release will be served with
   */
  public record Order(
      String runId,
      String trigger,
      List<String> commands,
      Optional<String> active,
      boolean fromScratch,
      boolean includeAlerted,
      Optional<StreamShift> shift,
      Duration budget,
      double alertRate) {}

  /** Held-out images that a release needs to be calibrated for an alert rate. */
  static int fewestHeldOut(double alertRate) {
    return (int) Math.ceil(1 / alertRate);
  }

  /** Why the reservoir does not suffice for a run yet; empty where it does. */
  public Optional<String> lack(double alertRate, Optional<StreamShift> shift) {
    // Most images are in both, so that the larger is nearly all of them.
    int training =
        Math.max(
            reservoir.size(Reservoir.Pool.TRAINING_RECENT),
            reservoir.size(Reservoir.Pool.TRAINING_UNIFORM));
    int heldOut = shift.isEmpty() ? reservoir.size(Reservoir.Pool.HELD_OUT_RECENT) : 0;
    if (shift.isPresent()) {
      int[] count = new int[1];
      reservoir.forEach(
          image -> count[0] += shift.get().isBefore(image) ? 0 : 1, Reservoir.Pool.HELD_OUT_RECENT);
      heldOut = count[0];
    }
    return training >= FEWEST_TRAINING_IMAGES && heldOut >= fewestHeldOut(alertRate)
        ? Optional.empty()
        : Optional.of(
            "the reservoir has %d images to train on and %d held out, a run needs %d and %d (for an alert rate of %s); wait for more images"
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
  public RunPlan plan(Path directory, Order order) throws IOException {
    Files.createDirectories(directory);
    Optional<Release> parent =
        order.active().isPresent()
            ? Optional.of(store.load(order.active().get()))
            : Optional.empty();
    Optional<FitConfiguration> again =
        order.fromScratch() ? Optional.empty() : parent.flatMap(RunPlanner::configurationOf);
    boolean warm = again.isPresent();
    Chosen chosen = choose(order);
    if (chosen.training().size() < FEWEST_TRAINING_IMAGES) {
      throw new IllegalStateException(
          "%d images to train on raised no alerts, a run needs %d; wait for more, or send RETRAIN with includeAlerted"
              .formatted(chosen.training().size(), FEWEST_TRAINING_IMAGES));
    }
    Preprocessing shape = warm ? parent.get().preprocessing() : shape(chosen.training());
    List<PixelImage> training = inShape(chosen.training(), shape);
    List<PixelImage> heldOut = inShape(chosen.heldOut(), shape);
    List<PixelImage> alerted = inShape(chosen.heldOutAlerted(), shape);
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
            precision(parent, fit.model(shape.channels(), shape.height(), shape.width())),
            settings.gate().evaluations(),
            order.alertRate(),
            order.runId().hashCode(),
            heldOut.size() + alerted.size(),
            alerted.size(),
            window(chosen));
    plan.write(directory);
    return plan;
  }

  /** Images by what a run does with them. */
  private record Chosen(
      List<ReservoirImage> training,
      List<ReservoirImage> heldOut,
      List<ReservoirImage> heldOutAlerted) {}

  private Chosen choose(Order order) {
    Set<ReservoirImage.Place> alerted = reservoir.alerted().keySet();
    Chosen chosen = new Chosen(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    reservoir.forEach(
        image -> {
          if (!isQuarantined(image, alerted, order)) {
            chosen.training().add(image);
          }
        },
        Reservoir.Pool.TRAINING_RECENT,
        Reservoir.Pool.TRAINING_UNIFORM);
    reservoir.forEach(
        image -> {
          if (order.shift().map(shift -> shift.isBefore(image)).orElse(false)) {
            return; // from before the shift
          }
          (isQuarantined(image, alerted, order) ? chosen.heldOutAlerted() : chosen.heldOut())
              .add(image);
        },
        Reservoir.Pool.HELD_OUT_RECENT);
    return chosen;
  }

  private static boolean isQuarantined(
      ReservoirImage image, Set<ReservoirImage.Place> alerted, Order order) {
    return !order.includeAlerted()
        && alerted.contains(image.place())
        && !order.shift().map(shift -> shift.covers(image)).orElse(false);
  }

  /** Of a new network: the commonest shape, no larger than the settings say. */
  private Preprocessing shape(List<ReservoirImage> images) {
    Map<Preprocessing, Integer> shapes = new HashMap<>();
    for (ReservoirImage image : images) {
      PixelImage pixels = image.pixels();
      shapes.merge(
          new Preprocessing(
              pixels.channels(), pixels.height(), pixels.width(), Preprocessing.OtherSizes.RESIZE),
          1,
          Integer::sum);
    }
    Preprocessing commonest =
        shapes.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .orElseThrow(() -> new IllegalStateException("no images to train on"))
            .getKey();
    double scale =
        Math.min(
            1, (double) settings.largestSide() / Math.max(commonest.height(), commonest.width()));
    return new Preprocessing(
        commonest.channels(),
        Math.max(1, (int) Math.round(scale * commonest.height())),
        Math.max(1, (int) Math.round(scale * commonest.width())),
        commonest.otherSizes());
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

  private FitConfiguration newConfiguration(ImageDataset data, Order order) {
    Device device = settings.device();
    return settings
        .configuration()
        .orElseGet(
            () ->
                TrainingPlan.of(
                        data,
                        OptionalLong.empty(),
                        Optional.of(order.budget()),
                        Map.of(),
                        device,
                        TorchRuntime.trainingWorkers(device))
                    .configuration());
  }

  /** As the active release is served; of the first one the faster. */
  private String precision(Optional<Release> parent, ModelConfiguration model) {
    return parent
        .flatMap(Release::calibration)
        .map(Calibration::precision)
        .orElseGet(() -> PrecisionMeasurement.of(model, settings.device()).choice().toString());
  }

  private List<Provenance.Range> window(Chosen chosen) {
    Map<Integer, long[]> ranges = new TreeMap<>();
    for (List<ReservoirImage> images :
        List.of(chosen.training(), chosen.heldOut(), chosen.heldOutAlerted())) {
      for (ReservoirImage image : images) {
        long[] range =
            ranges.computeIfAbsent(
                image.partition(), p -> new long[] {image.offset(), image.offset()});
        range[0] = Math.min(range[0], image.offset());
        range[1] = Math.max(range[1], image.offset());
      }
    }
    return ranges.entrySet().stream()
        .map(
            entry ->
                new Provenance.Range(
                    settings.imagesTopic(),
                    entry.getKey(),
                    entry.getValue()[0],
                    entry.getValue()[1]))
        .sorted(Comparator.comparingInt(Provenance.Range::partition))
        .toList();
  }
}
