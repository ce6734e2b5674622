package io.surprisal.model.detection;

import io.surprisal.model.detection.Verdict.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Statistically equivalent blocks (Tukey 1947, after Wald 1943): n calibration images cut the space
 * of several statistics into n + 1 blocks that an exchangeable image falls into with equal chances,
 * whatever their distribution and however they depend on one another. The statistics take turns:
 * the first block is what lies above all images in the first statistic, and takes the highest image
 * away; the second is what else lies above all that are left in the second; and so on to the last
 * image. Images that are equal in a statistic make an image no more extreme than it is.
 *
 * <p>So the number of the block that an image lies in is one p-value for all statistics together,
 * times n + 1, and no image is spent on weighing them.
 */
final class Blocks {
  private final int images;
  private final Map<Reason, Cuts> cuts = new EnumMap<>(Reason.class);

  /**
   * Where one statistic cuts.
   *
   * @param blocks the numbers of its blocks, ascending, from 1
   * @param above the value above which each lies, descending
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Cuts(int[] blocks, float[] above) {

    /** The first position of a block that lies below a value; the length where none does. */
    int first(float value) {
      int low = 0;
      int high = above.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (value > above[middle]) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
  }

  /** One statistic while it cuts. */
  private static final class Cutting {
    private final float[] values;
    private final int[] descending;
    private final List<Integer> blocks = new ArrayList<>();
    private final List<Float> above = new ArrayList<>();
    private int next;

    Cutting(float[] values) {
      this.values = values;
      descending = descending(values);
    }

    /** The highest image that is left goes with this block. */
    void cut(int block, boolean[] gone) {
      while (gone[descending[next]]) {
        next++;
      }
      gone[descending[next]] = true;
      blocks.add(block);
      above.add(values[descending[next]]);
    }

    Cuts cuts() {
      float[] descendingCuts = new float[above.size()];
      for (int i = 0; i < descendingCuts.length; i++) {
        descendingCuts[i] = above.get(i);
      }
      return new Cuts(blocks.stream().mapToInt(i -> i).toArray(), descendingCuts);
    }
  }

  /**
   * Cuts.
   *
   * @param values of the same images, at least one, for each statistic
   * @param turns which statistic cuts when, again from the beginning after the last; each of {@code
   *     values} at least once
   */
  Blocks(Map<Reason, float[]> values, List<Reason> turns) {
    images = of(values, turns.get(0)).length;
    Map<Reason, Cutting> cuttings = new EnumMap<>(Reason.class);
    values.forEach((reason, of) -> cuttings.put(reason, new Cutting(of)));
    boolean[] gone = new boolean[images];
    for (int block = 1; block <= images; block++) {
      of(cuttings, turns.get((block - 1) % turns.size())).cut(block, gone);
    }
    cuttings.forEach((reason, of) -> cuts.put(reason, of.cuts()));
  }

  private static <T> T of(Map<Reason, T> all, Reason statistic) {
    return Objects.requireNonNull(all.get(statistic));
  }

  private static int[] descending(float[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -values[i]))
        .mapToInt(i -> i)
        .toArray();
  }

  /**
   * The first block of a statistic that a value lies in.
   *
   * @return from 1; n + 1 for a value that lies above no image that was left
   */
  int first(Reason statistic, float value) {
    Cuts of = of(cuts, statistic);
    int position = of.first(value);
    return position == of.blocks().length ? images + 1 : of.blocks()[position];
  }

  /**
   * The value above which a statistic lies in one of the first blocks.
   *
   * @param blocks how many of all statistics together
   * @return infinite where none of them is its
   */
  double threshold(Reason statistic, int blocks) {
    int its = count(statistic, blocks);
    return its == 0 ? Double.POSITIVE_INFINITY : of(cuts, statistic).above()[its - 1];
  }

  /** How many of the first blocks of all statistics together are a statistic's. */
  int count(Reason statistic, int blocks) {
    Cuts of = of(cuts, statistic);
    int its = 0;
    while (its < of.blocks().length && of.blocks()[its] <= blocks) {
      its++;
    }
    return its;
  }

  /** n. */
  int images() {
    return images;
  }
}
