package io.surprisal.trainer.run;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Provenance;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Images of the reservoir by what a run does with them.
 *
 * @param training that it trains on
 * @param heldOut that its candidate is judged by and calibrated on
 * @param heldOutAlerted that raised alerts, of which as many join the held-out ones as normal
 *     images raise
 */
record ChosenImages(
    List<ReservoirImage> training,
    List<ReservoirImage> heldOut,
    List<ReservoirImage> heldOutAlerted) {

  /**
   * Those that a run takes: what alerted stays in quarantine, but where the order says otherwise.
   */
  static ChosenImages of(Reservoir reservoir, RunOrder order) {
    Set<ReservoirImage.Place> alerted = reservoir.alerted().keySet();
    ChosenImages chosen = new ChosenImages(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    reservoir.forEach(
        image -> {
          if (!alerted.contains(image.place()) || order.takesAlerted(image)) {
            chosen.training.add(image);
          }
        },
        Reservoir.Pool.TRAINING_RECENT,
        Reservoir.Pool.TRAINING_UNIFORM);
    reservoir.forEach(
        image -> {
          if (order.isOutdated(image)) {
            return;
          }
          boolean quarantined = alerted.contains(image.place()) && !order.takesAlerted(image);
          (quarantined ? chosen.heldOutAlerted : chosen.heldOut).add(image);
        },
        Reservoir.Pool.HELD_OUT_RECENT);
    return chosen;
  }

  /**
   * What a new network sees: images of the shape that most of the training images have, scaled down
   * where they are larger.
   *
   * @param largestSide pixels
   */
  Preprocessing commonestShape(int largestSide) {
    Map<Preprocessing, Integer> shapes = new HashMap<>();
    for (ReservoirImage image : training) {
      PixelImage pixels = image.pixels();
      shapes.merge(Preprocessing.resizing(pixels.shape()), 1, Integer::sum);
    }
    Preprocessing commonest =
        shapes.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .orElseThrow(() -> new IllegalStateException("no images to train on"))
            .getKey();
    double scale =
        Math.min(1, (double) largestSide / Math.max(commonest.height(), commonest.width()));
    return Preprocessing.resizing(
        new ImageShape(
            commonest.channels(),
            Math.max(1, (int) Math.round(scale * commonest.height())),
            Math.max(1, (int) Math.round(scale * commonest.width()))));
  }

  /** The part of each partition that the images lie in, in the order of partitions. */
  List<Provenance.Range> window(String topic) {
    Map<Integer, Provenance.Range> ranges = new TreeMap<>();
    Stream.of(training, heldOut, heldOutAlerted)
        .flatMap(List::stream)
        .forEach(
            image ->
                ranges.merge(
                    image.partition(),
                    new Provenance.Range(topic, image.partition(), image.offset(), image.offset()),
                    ChosenImages::spanning));
    return List.copyOf(ranges.values());
  }

  private static Provenance.Range spanning(Provenance.Range a, Provenance.Range b) {
    return new Provenance.Range(
        a.topic(), a.partition(), Math.min(a.first(), b.first()), Math.max(a.last(), b.last()));
  }
}
