package io.surprisal.service.lab;

import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.evaluation.ComponentResidual;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Finds the principal components that {@code detect} compares a release with. */
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
   * @param residual empty where there were too few images
   * @param from where they come from
   * @param compared which of the normal images are left to compare with
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Outcome(Optional<ComponentResidual> residual, String from, int[] compared) {

    Optional<DetectionResult.Components> summary() {
      return residual.map(r -> new DetectionResult.Components(r.components(), r.images(), from));
    }
  }

  /** Of images of their own; all of the first so many normal ones are compared with. */
  Outcome of(ImageSource images, int count) {
    return new Outcome(
        fitted(images, shuffled(images.size())),
        "those of --baseline-data",
        IntStream.range(0, count).toArray());
  }

  /** Of a half of the first so many normal images; the others are compared with. */
  Outcome ofHalf(ImageSource normal, int count) {
    if (count < FEWEST_TO_HALVE) {
      return new Outcome(Optional.empty(), "", IntStream.range(0, count).toArray());
    }
    int[] order = shuffled(count);
    int[] compared = Arrays.copyOfRange(order, count / 2, count);
    Arrays.sort(compared);
    return new Outcome(
        fitted(normal, Arrays.copyOf(order, count / 2)),
        "a half of the normal ones that nothing is compared with",
        compared);
  }

  private Optional<ComponentResidual> fitted(ImageSource images, int[] order) {
    int[] some =
        preprocessing.tiling().isPresent()
            ? Arrays.copyOf(order, Math.min(order.length, MOST_PICTURES))
            : order;
    ComponentResidual.Fit fit = new ComponentResidual.Fit(preprocessing, some.length, seed);
    try (Progress progress = invocation.progress("components", some.length, "images")) {
      for (int i = 0; i < some.length && !fit.full() && !invocation.stop().requested(); i++) {
        try {
          fit.add(preprocessing.apply(images.image(some[i])));
        } catch (ImageRejectedException | IllegalArgumentException | UncheckedIOException e) {
          invocation
              .err()
              .println("surprisal: skipped: " + images.name(some[i]) + ": " + e.getMessage());
        }
        progress.stepTo(i + 1L);
      }
    }
    return fit.possible() && !invocation.stop().requested()
        ? Optional.of(fit.residual())
        : Optional.empty();
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
