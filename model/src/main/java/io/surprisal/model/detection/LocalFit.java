package io.surprisal.model.detection;

import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.BoxMeans;
import io.surprisal.model.scoring.EvidenceMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Learns from normal images, one at a time, what local evidence is usual where. The numbers of a
 * cell are drawn towards those of the whole image as if {@value PlaceSums#PRIOR_IMAGES} images more
 * had shown these.
 *
 * <p>How finely places are told apart is chosen on the images themselves: so that what one half of
 * them shows makes the other half most likely, and the reverse. A camera that stands still gets
 * small cells, which know each reflection; images of anything anywhere get large ones.
 */
public final class LocalFit {
  /** Chosen on normal images: from a speck to half a tile, pixels. */
  private static final int[] WINDOWS = {5, 9, 15};

  /** Sides of a cell that are tried, pixels at the network's scale, the coarsest first. */
  private static final int[] CELLS = {16, 8, 4};

  /** Of either side of an image: beyond, cells are larger. */
  private static final int MOST_CELLS = 160;

  private final LocalControl control;
  private final List<Integer> windows;
  private final List<Grid> grids = new ArrayList<>();
  private int images;

  /** A way to divide an image into cells, with what each half of the images has shown in them. */
  private static final class Grid {
    private final int rows;
    private final int columns;
    private final PlaceSums even;
    private final PlaceSums odd;

    Grid(int windows, int rows, int columns) {
      this.rows = rows;
      this.columns = columns;
      even = new PlaceSums(windows, rows * columns);
      odd = new PlaceSums(windows, rows * columns);
    }

    double likelihood() {
      return even.logLikelihoodOf(odd) + odd.logLikelihoodOf(even);
    }
  }

  /**
   * Before the first image.
   *
   * @param height rows of a usual image at the network's scale
   * @param width its columns
   */
  public LocalFit(LocalControl control, int height, int width) {
    this.control = control;
    List<Integer> fitting = new ArrayList<>();
    for (int window : WINDOWS) {
      if (window <= Math.min(height, width)) {
        fitting.add(window);
      }
    }
    windows = fitting.isEmpty() ? List.of(1) : List.copyOf(fitting);
    for (int cell : CELLS) {
      grids.add(new Grid(windows.size(), cells(height, cell), cells(width, cell)));
    }
  }

  private static int cells(int side, int cell) {
    return Math.max(1, Math.min(MOST_CELLS, side / cell));
  }

  /** Takes a normal image's evidence, of one look. */
  public void add(EvidenceMap evidence) {
    BoxMeans means = new BoxMeans(evidence.height(), evidence.width(), evidence.bits());
    for (Grid grid : grids) {
      PlaceSums sums = images % 2 == 0 ? grid.even : grid.odd;
      sums.countImage();
      for (int w = 0; w < windows.size(); w++) {
        int side = windows.get(w);
        int half = side / 2;
        for (int y = half; y < evidence.height() - half; y++) {
          int row = y * grid.rows / evidence.height();
          for (int x = half; x < evidence.width() - half; x++) {
            int column = x * grid.columns / evidence.width();
            sums.add(w, row * grid.columns + column, means.of(y - half, x - half, side));
          }
        }
      }
    }
    images++;
  }

  /**
   * What is usual.
   *
   * @throws IllegalStateException if there was no image, or none that varies
   */
  public LocalNormal normal() {
    Grid best = grids.get(0);
    double most = best.likelihood();
    for (Grid grid : grids.subList(1, grids.size())) {
      double likelihood = grid.likelihood();
      if (likelihood > most) { // never of NaN, where a half does not vary
        best = grid;
        most = likelihood;
      }
    }
    return normal(best);
  }

  /**
   * What is usual in the same cells as of another fit to the same images.
   *
   * @throws IllegalStateException if there was no image, or none that varies
   */
  public LocalNormal normalInCellsOf(LocalNormal other) {
    return normal(
        grids.stream()
            .filter(grid -> grid.rows == other.rows() && grid.columns == other.columns())
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("a fit to other images")));
  }

  private LocalNormal normal(Grid grid) {
    PlaceSums all = grid.even.plus(grid.odd);
    List<Float> means = new ArrayList<>();
    List<Float> deviations = new ArrayList<>();
    for (int w = 0; w < windows.size(); w++) {
      if (!all.varies(w)) {
        throw new IllegalStateException(
            "local evidence of %d images does not vary".formatted(images));
      }
      for (PlaceSums.Moments moments : all.moments(w)) {
        means.add((float) moments.mean());
        deviations.add((float) Math.sqrt(moments.variance()));
      }
    }
    return new LocalNormal(control, windows, grid.rows, grid.columns, means, deviations);
  }
}
