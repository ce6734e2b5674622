package io.surprisal.model.detection;

import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.Surprise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Where an image is more surprising than normal ones are there: at each pixel the largest, over the
 * windows, of the evidence's mean over the window around it, less what is usual there, in standard
 * deviations of that. The largest of the image is its local statistic.
 */
public final class LocalEvidence {

  /** Most boxes of an image, the most surprising first. */
  public static final int MOST_BOXES = 16;

  private final int height;
  private final int width;
  private final Surprise surprise;
  private final int smallestWindow;

  /**
   * A rectangle at the network's scale.
   *
   * @param top first row
   * @param left first column
   * @param height rows
   * @param width columns
   * @param surprise the largest in it
   */
  public record Box(int top, int left, int height, int width, double surprise) {

    /** In the picture as it came, if that was shrunk by a whole number. */
    public Box enlarged(int reduction) {
      return new Box(
          top * reduction, left * reduction, height * reduction, width * reduction, surprise);
    }
  }

  /**
   * The map, small: the largest surprise of each cell, in 255ths of the scale.
   *
   * @param rows of cells
   * @param columns of cells
   * @param scale surprise of the value 255, above 0
   * @param values a byte a cell, unsigned, row by row; 0 for none or less
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Thumbnail(int rows, int columns, double scale, byte[] values) {}

  /** Compares an image's evidence with what is normal. */
  public LocalEvidence(EvidenceMap evidence, LocalNormal normal) {
    height = evidence.height();
    width = evidence.width();
    smallestWindow = normal.windows().get(0);
    surprise = Surprise.of(evidence, normal);
  }

  /** The image's local statistic, standard deviations; −∞ where no window fits the image. */
  public double statistic() {
    return surprise.at(surprise.strongest());
  }

  /** The window that the statistic is of. */
  public Box strongest() {
    return around(surprise.strongest(), surprise.window(surprise.strongest()));
  }

  /** The surprise of a pixel, standard deviations; −∞ near the edge, where no window fits. */
  public float at(int row, int column) {
    return surprise.at(row * width + column);
  }

  public int height() {
    return height;
  }

  public int width() {
    return width;
  }

  /**
   * The map, small.
   *
   * @param side most rows and columns, at least 1
   */
  public Thumbnail thumbnail(int side) {
    int rows = Math.min(side, height);
    int columns = Math.min(side, width);
    float[] largest = new float[rows * columns];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int cell = y * rows / height * columns + x * columns / width;
        largest[cell] = Math.max(largest[cell], at(y, x));
      }
    }
    double scale = Math.max(1, statistic());
    byte[] values = new byte[largest.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) Math.round(255 * largest[i] / scale);
    }
    return new Thumbnail(rows, columns, scale, values);
  }

  private Box around(int pixel, int side) {
    int top = Math.max(0, pixel / width - side / 2);
    int left = Math.max(0, pixel % width - side / 2);
    return new Box(
        top, left, Math.min(side, height - top), Math.min(side, width - left), surprise.at(pixel));
  }

  /**
   * The regions whose surprise is above a threshold, the most surprising first; none where the
   * statistic is not.
   */
  public List<Box> above(double threshold) {
    boolean[] seen = new boolean[height * width];
    for (int pixel = 0; pixel < seen.length; pixel++) {
      seen[pixel] = !surprise.measured(pixel);
    }
    List<Box> boxes = new ArrayList<>();
    for (int pixel = 0; pixel < seen.length; pixel++) {
      if (!seen[pixel] && surprise.at(pixel) > threshold) {
        boxes.add(region(pixel, threshold, seen));
      }
    }
    boxes.sort(Comparator.comparingDouble(Box::surprise).reversed());
    return List.copyOf(boxes.subList(0, Math.min(MOST_BOXES, boxes.size())));
  }

  /** What hangs together with a pixel, and the smallest window around its edge. */
  private Box region(int first, double threshold, boolean[] seen) {
    int half = smallestWindow / 2;
    int top = height;
    int left = width;
    int bottom = 0;
    int right = 0;
    double largest = Double.NEGATIVE_INFINITY;
    Deque<Integer> open = new ArrayDeque<>(List.of(first));
    seen[first] = true;
    while (!open.isEmpty()) {
      int pixel = open.remove();
      int y = pixel / width;
      int x = pixel % width;
      top = Math.min(top, y - half);
      left = Math.min(left, x - half);
      bottom = Math.max(bottom, y + half + 1);
      right = Math.max(right, x + half + 1);
      largest = Math.max(largest, surprise.at(pixel));
      for (int ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (int nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          int neighbour = ny * width + nx;
          if (!seen[neighbour] && surprise.at(neighbour) > threshold) {
            seen[neighbour] = true;
            open.add(neighbour);
          }
        }
      }
    }
    top = Math.max(0, top);
    left = Math.max(0, left);
    return new Box(
        top, left, Math.min(height, bottom) - top, Math.min(width, right) - left, largest);
  }
}
