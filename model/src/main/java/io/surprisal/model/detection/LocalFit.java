package io.surprisal.model.detection;

import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.BoxMeans;
import io.surprisal.model.scoring.EvidenceMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Learns from normal images, one at a time, what local evidence is usual where. The numbers of a
 * cell are drawn towards those of the whole image as if {@value #PRIOR_IMAGES} images more had
 * shown these.
 */
public final class LocalFit {
  /** Chosen on normal images: from a speck to half a tile, pixels. */
  private static final int[] WINDOWS = {5, 9, 15};

  /** Side of a cell, pixels at the network's scale. */
  private static final int CELL = 16;

  private static final int MOST_CELLS = 48;
  private static final double PRIOR_IMAGES = 4;

  /** Share of the common deviation that no cell's goes below. */
  private static final double LEAST_DEVIATION = 0.25;

  /** Share of the mean square below which a variance is what rounding leaves. */
  private static final double ROUNDING = 1e-12;

  private final LocalControl control;
  private final List<Integer> windows;
  private final int rows;
  private final int columns;
  private final double[] counts;
  private final double[] sums;
  private final double[] squares;
  private int images;

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
    rows = cells(height);
    columns = cells(width);
    counts = new double[windows.size() * rows * columns];
    sums = new double[counts.length];
    squares = new double[counts.length];
  }

  private static int cells(int side) {
    return Math.max(1, Math.min(MOST_CELLS, side / CELL));
  }

  /** Takes a normal image's evidence, of one look. */
  public void add(EvidenceMap evidence) {
    BoxMeans means = new BoxMeans(evidence.height(), evidence.width(), evidence.bits());
    for (int w = 0; w < windows.size(); w++) {
      int side = windows.get(w);
      int half = side / 2;
      for (int y = half; y < evidence.height() - half; y++) {
        int row = y * rows / evidence.height();
        for (int x = half; x < evidence.width() - half; x++) {
          int cell = (w * rows + row) * columns + x * columns / evidence.width();
          double mean = means.of(y - half, x - half, side);
          counts[cell]++;
          sums[cell] += mean;
          squares[cell] += mean * mean;
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
    List<Float> means = new ArrayList<>();
    List<Float> deviations = new ArrayList<>();
    int cells = rows * columns;
    for (int w = 0; w < windows.size(); w++) {
      double count = 0;
      double sum = 0;
      double square = 0;
      for (int i = w * cells; i < (w + 1) * cells; i++) {
        count += counts[i];
        sum += sums[i];
        square += squares[i];
      }
      double commonMean = sum / count;
      double commonVariance = square / count - commonMean * commonMean;
      if (!(commonVariance > ROUNDING * square / count)) {
        throw new IllegalStateException(
            "local evidence of %d images does not vary".formatted(images));
      }
      for (int i = w * cells; i < (w + 1) * cells; i++) {
        double weight = counts[i] == 0 ? 0 : images / (images + PRIOR_IMAGES);
        double own = counts[i] == 0 ? 0 : sums[i] / counts[i];
        double mean = weight * own + (1 - weight) * commonMean;
        double ownSquare = counts[i] == 0 ? 0 : squares[i] / counts[i];
        double commonSquare = commonVariance + Math.pow(commonMean - mean, 2);
        double variance =
            weight * Math.max(0, ownSquare - 2 * mean * own + mean * mean)
                + (1 - weight) * commonSquare;
        means.add((float) mean);
        deviations.add(
            (float)
                Math.sqrt(Math.max(variance, LEAST_DEVIATION * LEAST_DEVIATION * commonVariance)));
      }
    }
    return new LocalNormal(control, windows, rows, columns, means, deviations);
  }
}
