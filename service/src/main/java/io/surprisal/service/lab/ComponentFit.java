package io.surprisal.service.lab;

import io.surprisal.model.calibration.GaussianFit;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.evaluation.ComponentResidual;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.NormalGaussian;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Fits the baselines without a network that {@code detect} compares a release with. */
final class ComponentFit {
  /** With fewer, halves say nothing. */
  private static final int FEWEST_TO_HALVE = 8;

  /** Pictures whose patches are looked at. */
  private static final int MOST_PICTURES = 512;

  private final Invocation invocation;
  private final Preprocessing preprocessing;
  private final long seed;

  ComponentFit(Invocation invocation, Preprocessing preprocessing, long seed) {
    this.invocation = invocation;
    this.preprocessing = preprocessing;
    this.seed = seed;
  }

  /**
   * What came of it.
   *
   * @param residual of principal components; empty where there were too few images
   * @param gaussian empty there too, and of pictures that are seen by tiles
   * @param from where they come from
   * @param compared which of the normal images are left to compare with
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Outcome(
      Optional<ComponentResidual> residual,
      Optional<NormalGaussian> gaussian,
      String from,
      int[] compared) {

    private static Outcome of(Fitted fitted, String from, int[] compared) {
      return new Outcome(fitted.residual, fitted.gaussian, from, compared);
    }

    /** The baselines that there are not, and why. */
    Map<DetectionMeasure, String> absent() {
      Map<DetectionMeasure, String> absent = new EnumMap<>(DetectionMeasure.class);
      if (residual.isEmpty()) {
        absent.put(DetectionMeasure.PCA, "too few normal images: give --baseline-data");
        absent.put(DetectionMeasure.GAUSSIAN, "too few normal images: give --baseline-data");
      } else if (gaussian.isEmpty()) {
        absent.put(DetectionMeasure.GAUSSIAN, "pictures seen by tiles, or too few normal images");
      }
      return absent;
    }

    Optional<DetectionResult.Components> summary() {
      return residual.map(r -> new DetectionResult.Components(r.components(), r.images(), from));
    }
  }

  /** Of images of their own; all of the first so many normal ones are compared with. */
  Outcome of(ImageSource images, int count) {
    return Outcome.of(
        fitted(images, shuffled(images.size())),
        "those of --baseline-data",
        IntStream.range(0, count).toArray());
  }

  /** Of a half of the first so many normal images; the others are compared with. */
  Outcome ofHalf(ImageSource normal, int count) {
    if (count < FEWEST_TO_HALVE) {
      return new Outcome(
          Optional.empty(), Optional.empty(), "", IntStream.range(0, count).toArray());
    }
    int[] order = shuffled(count);
    int[] compared = Arrays.copyOfRange(order, count / 2, count);
    Arrays.sort(compared);
    return Outcome.of(
        fitted(normal, Arrays.copyOf(order, count / 2)),
        "a half of the normal ones that nothing is compared with",
        compared);
  }

  private record Fitted(Optional<ComponentResidual> residual, Optional<NormalGaussian> gaussian) {}

  private Fitted fitted(ImageSource images, int[] order) {
    int[] some =
        preprocessing.tiling().isPresent()
            ? Arrays.copyOf(order, Math.min(order.length, MOST_PICTURES))
            : order;
    List<PixelImage> first = new ArrayList<>();
    ComponentResidual.Fit fit = new ComponentResidual.Fit(preprocessing, some.length, seed);
    try (Progress progress = invocation.progress("components", some.length, "images")) {
      for (int i = 0; i < some.length && !fit.full() && !invocation.stop().requested(); i++) {
        try {
          PixelImage image = preprocessing.apply(images.image(some[i]));
          fit.add(image);
          if (first.size() < GaussianFit.MOST_IMAGES && preprocessing.tiling().isEmpty()) {
            first.add(image);
          }
        } catch (ImageRejectedException | IllegalArgumentException | UncheckedIOException e) {
          invocation
              .err()
              .println("surprisal: skipped: " + images.name(some[i]) + ": " + e.getMessage());
        }
        progress.stepTo(i + 1L);
      }
    }
    if (!fit.possible() || invocation.stop().requested()) {
      return new Fitted(Optional.empty(), Optional.empty());
    }
    return new Fitted(
        Optional.of(fit.residual()),
        first.size() < FEWEST_TO_HALVE ? Optional.empty() : Optional.of(GaussianFit.fit(first)));
  }

  private int[] shuffled(int size) {
    int[] order = IntStream.range(0, size).toArray();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
