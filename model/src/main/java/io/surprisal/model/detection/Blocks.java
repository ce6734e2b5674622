package io.surprisal.model.detection;

import io.surprisal.model.detection.Verdict.Reason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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

  /**
   * Cuts.
   *
   * @param values of the same images, at least one, for each statistic
   * @param turns which statistic cuts when, again from the beginning after the last; each of {@code
   *     values} at least once
   */
  Blocks(Map<Reason, float[]> values, List<Reason> turns) {
    images = values.get(turns.get(0)).length;
    Map<Reason, int[]> descending = new EnumMap<>(Reason.class);
    Map<Reason, List<Integer>> numbers = new EnumMap<>(Reason.class);
    values.forEach(
        (reason, of) -> {
          descending.put(reason, descending(of));
          numbers.put(reason, new ArrayList<>());
        });
    Map<Reason, float[]> above = new EnumMap<>(Reason.class);
    values.forEach((reason, of) -> above.put(reason, new float[of.length]));
    Map<Reason, Integer> next = new EnumMap<>(Reason.class);
    boolean[] gone = new boolean[images];
    for (int block = 1; block <= images; block++) {
      Reason turn = turns.get((block - 1) % turns.size());
      int[] order = descending.get(turn);
      int at = next.getOrDefault(turn, 0);
      while (gone[order[at]]) {
        at++;
      }
      gone[order[at]] = true;
      next.put(turn, at + 1);
      above.get(turn)[numbers.get(turn).size()] = values.get(turn)[order[at]];
      numbers.get(turn).add(block);
    }
    numbers.forEach(
        (reason, of) ->
            cuts.put(
                reason,
                new Cuts(
                    of.stream().mapToInt(i -> i).toArray(),
                    Arrays.copyOf(above.get(reason), of.size()))));
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
    Cuts of = cuts.get(statistic);
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
    return its == 0 ? Double.POSITIVE_INFINITY : cuts.get(statistic).above()[its - 1];
  }

  /** How many of the first blocks of all statistics together are a statistic's. */
  int count(Reason statistic, int blocks) {
    Cuts of = cuts.get(statistic);
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
