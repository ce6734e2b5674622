package io.surprisal.trainer.run;

import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Provenance;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images of the reservoir by what a run does with them. Their pixels stay there.
 *
 * @param training that it trains on
 * @param heldOut that its candidate is judged by and calibrated on
 * @param heldOutAlerted that raised alerts, of which as many join the held-out ones as normal
 *     images raise
 */
record ChosenImages(List<Chosen> training, List<Chosen> heldOut, List<Chosen> heldOutAlerted) {
  private static final Logger LOG = LoggerFactory.getLogger(ChosenImages.class);

  /** An image without its pixels. */
  record Chosen(ReservoirImage.Place place, ImageShape shape) {
    static Chosen of(ReservoirImage image) {
      return new Chosen(image.place(), image.pixels().shape());
    }

    PictureSize size() {
      return new PictureSize(shape.height(), shape.width());
    }
  }

  /**
   * Those that a run takes. What alerted stays in quarantine, but where the order says otherwise,
   * or a person that the alert was a false one. What a person has confirmed as an anomaly takes no
   * part, whatever the order says.
   */
  static ChosenImages of(Reservoir reservoir, RunOrder order) {
    Map<ReservoirImage.Place, Reservoir.Review> reviewed = reservoir.reviewed();
    Set<ReservoirImage.Place> alerted = new HashSet<>(reservoir.alerted().keySet());
    alerted.removeIf(place -> reviewed.get(place) == Reservoir.Review.FALSE_ALARM);
    Predicate<ReservoirImage> confirmed =
        image -> reviewed.get(image.place()) == Reservoir.Review.CONFIRMED;
    ChosenImages chosen = new ChosenImages(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    reservoir.forEach(
        image -> {
          if (!confirmed.test(image)
              && (!alerted.contains(image.place()) || order.takesAlerted(image))) {
            chosen.training.add(Chosen.of(image));
          }
        },
        Reservoir.Pool.TRAINING_RECENT,
        Reservoir.Pool.TRAINING_UNIFORM);
    reservoir.forEach(
        image -> {
          if (order.isOutdated(image) || confirmed.test(image)) {
            return;
          }
          boolean quarantined = alerted.contains(image.place()) && !order.takesAlerted(image);
          (quarantined ? chosen.heldOutAlerted : chosen.heldOut).add(Chosen.of(image));
        },
        Reservoir.Pool.HELD_OUT_RECENT);
    return chosen;
  }

  /**
   * What a new network sees: images of the shape that most of the training images have, whole, or,
   * where they are too large for that, or it is set, tile by tile.
   *
   * @param wishes what is set
   * @throws IllegalStateException if what is set does not go with the images
   */
  Preprocessing forNewNetwork(PicturePlan.Wishes wishes) {
    ImageShape commonest =
        training.stream()
            .collect(Collectors.groupingBy(Chosen::shape, Collectors.counting()))
            .entrySet()
            .stream()
            .max(Map.Entry.comparingByValue())
            .orElseThrow(() -> new IllegalStateException("no images to train on"))
            .getKey();
    if (!PicturePlan.isTooLargeToBeWhole(commonest) && !wishes.isSet()) {
      return Preprocessing.resizing(commonest);
    }
    try {
      PicturePlan plan =
          PicturePlan.of(
              training.stream().map(Chosen::size).toList(),
              commonest.channels(),
              Interpretation.usual(),
              wishes);
      LOG.info("{} images to train on: {}", training.size(), plan);
      return plan.preprocessing();
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /**
   * Reads images again, in their pixels, one at a time, in the reservoir's order.
   *
   * @param which some of these
   * @param reader is told the position in {@code which}, and the image; what the reservoir has
   *     dropped meanwhile is left out
   */
  static void read(
      Reservoir reservoir, List<Chosen> which, BiConsumer<Integer, ReservoirImage> reader) {
    Map<ReservoirImage.Place, Integer> positions = new HashMap<>();
    which.forEach(chosen -> positions.put(chosen.place(), positions.size()));
    reservoir.forEach(
        image -> {
          Integer position = positions.get(image.place());
          if (position != null) {
            reader.accept(position, image);
          }
        },
        Reservoir.Pool.TRAINING_RECENT,
        Reservoir.Pool.TRAINING_UNIFORM,
        Reservoir.Pool.HELD_OUT_RECENT);
  }

  /** All, in the order of a run. */
  List<Chosen> all() {
    return Stream.of(training, heldOut, heldOutAlerted).flatMap(List::stream).toList();
  }

  /** The part of each partition that the images lie in, in the order of partitions. */
  List<Provenance.Range> window(String topic) {
    Map<Integer, Provenance.Range> ranges = new TreeMap<>();
    all()
        .forEach(
            image ->
                ranges.merge(
                    image.place().partition(),
                    new Provenance.Range(
                        topic,
                        image.place().partition(),
                        image.place().offset(),
                        image.place().offset()),
                    ChosenImages::spanning));
    return List.copyOf(ranges.values());
  }

  private static Provenance.Range spanning(Provenance.Range a, Provenance.Range b) {
    return new Provenance.Range(
        a.topic(), a.partition(), Math.min(a.first(), b.first()), Math.max(a.last(), b.last()));
  }
}
