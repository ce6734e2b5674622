package io.surprisal.model.scoring;

import java.util.List;
import java.util.stream.IntStream;

/**
 * In which order the K evaluations of an image are made, and after how many it may stop. Stages are
 * nested: the levels of a stage of s evaluations are t_i = (u + i/s) mod 1, which lie among those
 * of every later stage.
 *
 * @param ends number of evaluations after each stage, ascending, each a divisor of the next; the
 *     last is K
 */
public record Stages(List<Integer> ends) {

  /**
   * @throws IllegalArgumentException if the ends are not ascending divisors
   */
  public Stages {
    ends = List.copyOf(ends);
    for (int i = 0; i < ends.size(); i++) {
      int end = ends.get(i);
      if (end < 1 || (i > 0 && (end <= ends.get(i - 1) || end % ends.get(i - 1) != 0))) {
        throw new IllegalArgumentException(
            "stages are " + ends + ", must ascend and each divide the next");
      }
    }
    if (ends.isEmpty()) {
      throw new IllegalArgumentException("there must be at least one stage");
    }
  }

  /**
   * All K evaluations at once.
   *
   * @throws IllegalArgumentException if there is not even one
   */
  public static Stages single(int evaluations) {
    if (evaluations < 1) {
      throw new IllegalArgumentException("evaluations is " + evaluations + ", must be at least 1");
    }
    return new Stages(List.of(evaluations));
  }

  /** K. */
  public int evaluations() {
    return ends.get(ends.size() - 1);
  }

  /** The evaluations of the first stage, then those that each later one adds, each ascending. */
  int[] order() {
    int k = evaluations();
    int[] order = new int[k];
    int at = 0;
    int before = 0;
    for (int end : ends) {
      for (int i = 0; i < k; i += k / end) {
        if (before == 0 || i % (k / before) != 0) {
          order[at++] = i;
        }
      }
      before = end;
    }
    return order;
  }

  /** End of the stage that follows so many evaluations. */
  int next(int done) {
    return ends.stream().filter(end -> end > done).findFirst().orElse(evaluations());
  }

  /** Positions in {@link #order} of the first {@code done} evaluations, by ascending evaluation. */
  int[] ascending(int done) {
    int[] order = order();
    return IntStream.range(0, done)
        .boxed()
        .sorted((a, b) -> Integer.compare(order[a], order[b]))
        .mapToInt(i -> i)
        .toArray();
  }

  @Override
  public String toString() {
    return ends.size() == 1 ? String.valueOf(evaluations()) : ends.toString();
  }
}
