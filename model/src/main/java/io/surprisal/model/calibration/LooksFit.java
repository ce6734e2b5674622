package io.surprisal.model.calibration;

import io.surprisal.model.detection.LocalFit;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.Surprise;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Learns from normal pictures, one at a time, what is usual where after each look, and above which
 * surprise a tile is looked at again: so that {@value #OPENED} of the tiles of normal pictures are.
 */
final class LooksFit {

  /** Chosen for time, on no picture: a fifth of the tiles with three evaluations more. */
  private static final double OPENED = 0.2;

  /** Pictures that the threshold is taken from; more would only take memory. */
  private static final int KEPT = 16;

  private final LocalControl control;
  private final Stages stages;
  private final int tileHeight;
  private final int tileWidth;
  private final List<Kept> kept = new ArrayList<>();
  private Optional<LocalFit> first = Optional.empty();
  private Optional<LocalFit> all = Optional.empty();

  private record Kept(EvidenceMap evidence, List<Tiling.Corner> corners) {}

  /**
   * Before the first picture.
   *
   * @param stages the looks, one or two
   */
  LooksFit(LocalControl control, Stages stages, int tileHeight, int tileWidth) {
    this.control = control;
    this.stages = stages;
    this.tileHeight = tileHeight;
    this.tileWidth = tileWidth;
  }

  /**
   * Takes a normal picture all of whose tiles had all evaluations.
   *
   * @param corners of its tiles
   */
  void add(ImageLikelihood score, List<Tiling.Corner> corners) {
    EvidenceMap evidence = score.evidence().orElseThrow();
    if (all.isEmpty()) {
      all = Optional.of(new LocalFit(control, evidence.height(), evidence.width()));
      first = Optional.of(new LocalFit(control, evidence.height(), evidence.width()));
    }
    all.get().add(evidence.complete());
    if (looksTwice()) {
      first.orElseThrow().add(evidence.first());
      if (kept.size() < KEPT) {
        kept.add(new Kept(evidence, corners));
      }
    }
  }

  private boolean looksTwice() {
    return stages.ends().size() > 1;
  }

  boolean begun() {
    return all.isPresent();
  }

  /**
   * What is usual.
   *
   * @throws IllegalArgumentException if there was no picture
   * @throws IllegalStateException if none varies
   */
  LocalNormal normal() {
    LocalNormal normal =
        all.map(LocalFit::normal)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "none of the pictures that show what is usual can be used"));
    return looksTwice() ? normal.after(firstLook(normal)) : normal;
  }

  private FirstLook firstLook(LocalNormal normal) {
    LocalNormal once = first.orElseThrow().normalInCellsOf(normal);
    List<Float> strongest = new ArrayList<>();
    double products = 0;
    double squares = 0;
    for (Kept picture : kept) {
      Surprise before = Surprise.of(picture.evidence().first(), once);
      Surprise after = Surprise.of(picture.evidence().complete(), normal);
      for (int pixel = 0; pixel < before.height() * before.width(); pixel++) {
        if (before.measured(pixel)) {
          products += before.at(pixel) * after.at(pixel);
          squares += before.at(pixel) * before.at(pixel);
        }
      }
      picture.corners().forEach(corner -> strongest.add(strongest(before, corner, once)));
    }
    strongest.sort(null);
    double threshold = strongest.get((int) ((1 - OPENED) * (strongest.size() - 1)));
    return new FirstLook(
        stages.ends().get(0),
        once.means(),
        once.deviations(),
        threshold,
        Math.max(0, Math.min(1, products / squares)));
  }

  /** Of the windows that touch a tile. */
  private float strongest(Surprise surprise, Tiling.Corner corner, LocalNormal once) {
    int reach = Collections.max(once.windows()) / 2;
    int bottom = Math.min(surprise.height(), corner.top() + tileHeight + reach);
    int right = Math.min(surprise.width(), corner.left() + tileWidth + reach);
    float largest = Float.NEGATIVE_INFINITY;
    for (int row = Math.max(0, corner.top() - reach); row < bottom; row++) {
      for (int column = Math.max(0, corner.left() - reach); column < right; column++) {
        int pixel = row * surprise.width() + column;
        int half = surprise.window(pixel) / 2;
        if (row + half >= corner.top()
            && row - half < corner.top() + tileHeight
            && column + half >= corner.left()
            && column - half < corner.left() + tileWidth) {
          largest = Math.max(largest, surprise.at(pixel));
        }
      }
    }
    return largest;
  }
}
