package io.surprisal.model.scoring;

import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalNormal;
import java.util.Arrays;
import java.util.List;

/**
 * How surprising each pixel of a map is: the largest, over the windows around it, of the evidence's
 * mean over the window less what is usual there, in standard deviations of that.
 *
 * <p>Where a picture is looked at twice, windows count that lie wholly in what was looked at again;
 * what others would have shown is estimated from the first look, and never exceeds those.
 */
public final class Surprise {
  private final int height;
  private final int width;
  private final float[] largest;

  /** Side of the window that gives it; 0 where the value is an estimate, or no window fits. */
  private final short[] window;

  private int strongest;

  private Surprise(int height, int width) {
    this.height = height;
    this.width = width;
    largest = new float[height * width];
    window = new short[height * width];
    Arrays.fill(largest, Float.NEGATIVE_INFINITY);
  }

  /** Of a map, compared with what is normal after as many looks as it has had. */
  public static Surprise of(EvidenceMap evidence, LocalNormal normal) {
    Surprise surprise = new Surprise(evidence.height(), evidence.width());
    if (evidence.again().length == 0) {
      surprise.compare(evidence.bits(), normal, normal.means(), normal.deviations());
      return surprise;
    }
    FirstLook look =
        normal
            .firstLook()
            .orElseThrow(() -> new IllegalArgumentException("evidence of two looks, not of one"));
    surprise.compare(evidence.again(), normal, normal.means(), normal.deviations());
    surprise.estimate(of(evidence.first(), normal, look), look.agreement());
    return surprise;
  }

  /** Of a map after the first look. */
  static Surprise of(EvidenceMap evidence, LocalNormal normal, FirstLook look) {
    Surprise surprise = new Surprise(evidence.height(), evidence.width());
    surprise.compare(evidence.bits(), normal, look.means(), look.deviations());
    return surprise;
  }

  /** Windows with a NaN in them do not count. */
  private void compare(
      float[] bits, LocalNormal normal, List<Float> means, List<Float> deviations) {
    float[] known = new float[bits.length];
    float[] unknown = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      known[i] = Float.isNaN(bits[i]) ? 0 : bits[i];
      unknown[i] = Float.isNaN(bits[i]) ? 1 : 0;
    }
    float[] usual = floats(means);
    float[] scale = floats(deviations);
    BoxMeans evidence = new BoxMeans(height, width, known);
    BoxMeans missing = new BoxMeans(height, width, unknown);
    for (int w = 0; w < normal.windows().size(); w++) {
      int side = normal.windows().get(w);
      int half = side / 2;
      for (int y = half; y < height - half; y++) {
        int row = y * normal.rows() / height;
        for (int x = half; x < width - half; x++) {
          if (missing.of(y - half, x - half, side) > 0) {
            continue;
          }
          int cell = normal.index(w, row, x * normal.columns() / width);
          float z = (float) ((evidence.of(y - half, x - half, side) - usual[cell]) / scale[cell]);
          int pixel = y * width + x;
          if (z > largest[pixel]) {
            largest[pixel] = z;
            window[pixel] = (short) side;
          }
          if (z > largest[strongest]) {
            strongest = pixel;
          }
        }
      }
    }
  }

  private static float[] floats(List<Float> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  private void estimate(Surprise first, double agreement) {
    float most = largest[strongest];
    for (int i = 0; i < largest.length; i++) {
      if (window[i] == 0) {
        largest[i] = Math.min(most, (float) (agreement * first.largest[i]));
      }
    }
  }

  public int height() {
    return height;
  }

  public int width() {
    return width;
  }

  /** Standard deviations; −∞ near the edge, where no window fits. */
  public float at(int pixel) {
    return largest[pixel];
  }

  /** Whether that was measured with all evaluations. */
  public boolean measured(int pixel) {
    return window[pixel] != 0;
  }

  /** The pixel, row by row, at the middle of the most surprising window. */
  public int strongest() {
    return strongest;
  }

  /** Side of the window that gives a pixel's surprise; at least 1. */
  public int window(int pixel) {
    return Math.max(1, window[pixel]);
  }
}
