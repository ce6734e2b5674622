package io.surprisal.model.detection;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What some images have shown in windows of each size, cell by cell: counts, sums and squares. */
final class PlaceSums {
  static final double PRIOR_IMAGES = 4;

  /** Share of the common deviation that no cell's goes below. */
  private static final double LEAST_DEVIATION = 0.25;

  /** Share of the mean square below which a variance is what rounding leaves. */
  private static final double ROUNDING = 1e-12;

  private final int cells;
  private final double[] counts;
  private final double[] sums;
  private final double[] squares;
  private int images;

  /**
   * Mean and variance of the windows of a cell.
   *
   * @param variance above 0 where the images {@link #varies vary}
   */
  record Moments(double mean, double variance) {}

  /** Nothing yet, of so many sizes of windows in so many cells. */
  PlaceSums(int windows, int cells) {
    this.cells = cells;
    counts = new double[windows * cells];
    sums = new double[counts.length];
    squares = new double[counts.length];
  }

  void countImage() {
    images++;
  }

  void add(int window, int cell, double value) {
    int i = window * cells + cell;
    counts[i]++;
    sums[i] += value;
    squares[i] += value * value;
  }

  /** Of these images and others. */
  PlaceSums plus(PlaceSums others) {
    PlaceSums both = new PlaceSums(counts.length / cells, cells);
    Arrays.setAll(both.counts, i -> counts[i] + others.counts[i]);
    Arrays.setAll(both.sums, i -> sums[i] + others.sums[i]);
    Arrays.setAll(both.squares, i -> squares[i] + others.squares[i]);
    both.images = images + others.images;
    return both;
  }

  private double total(double[] of, int window) {
    return Arrays.stream(of, window * cells, (window + 1) * cells).sum();
  }

  /** Whether windows of a size differ from one another. */
  boolean varies(int window) {
    double count = total(counts, window);
    double mean = total(sums, window) / count;
    double square = total(squares, window) / count;
    return square - mean * mean > ROUNDING * square;
  }

  /** Of windows of a size, by cell; each cell's drawn towards those of all. */
  List<Moments> moments(int window) {
    double count = total(counts, window);
    double commonMean = total(sums, window) / count;
    double commonVariance = total(squares, window) / count - commonMean * commonMean;
    List<Moments> moments = new ArrayList<>();
    for (int i = window * cells; i < (window + 1) * cells; i++) {
      double weight = counts[i] == 0 ? 0 : images / (images + PRIOR_IMAGES);
      double own = counts[i] == 0 ? 0 : sums[i] / counts[i];
      double mean = weight * own + (1 - weight) * commonMean;
      double ownSquare = counts[i] == 0 ? 0 : squares[i] / counts[i];
      double commonSquare = commonVariance + Math.pow(commonMean - mean, 2);
      double variance =
          weight * Math.max(0, ownSquare - 2 * mean * own + mean * mean)
              + (1 - weight) * commonSquare;
      moments.add(
          new Moments(
              mean, Math.max(variance, LEAST_DEVIATION * LEAST_DEVIATION * commonVariance)));
    }
    return moments;
  }

  /**
   * Of other images, where windows of each cell are Gaussian with the moments that these show; a
   * mean over the windows of each size, in nats, but for a constant.
   *
   * @return NaN or negative infinity where these do not vary
   */
  double logLikelihoodOf(PlaceSums others) {
    double sum = 0;
    for (int window = 0; window < counts.length / cells; window++) {
      List<Moments> moments = moments(window);
      double ofWindow = 0;
      for (int cell = 0; cell < cells; cell++) {
        int i = window * cells + cell;
        Moments of = moments.get(cell);
        double error =
            others.squares[i]
                - 2 * of.mean() * others.sums[i]
                + others.counts[i] * of.mean() * of.mean();
        ofWindow -= (error / of.variance() + others.counts[i] * Math.log(of.variance())) / 2;
      }
      sum += ofWindow / others.total(others.counts, window);
    }
    return sum;
  }
}
