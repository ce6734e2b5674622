package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.NoiseTimes;
import java.util.Comparator;
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

  /**
   * The evaluations of the first stage, then those that each later one adds, each ascending. Which
   * they are depends on the order of the times: {@link NoiseTimes#stratified} has those of powers
   * of two in one of its own.
   */
  public int[] order() {
    int k = evaluations();
    double[] positions = NoiseTimes.stratified(k, 0);
    return IntStream.range(0, k)
        .boxed()
        .sorted(Comparator.comparingInt(i -> stage(positions[i])))
        .mapToInt(i -> i)
        .toArray();
  }

  /** The first stage of s evaluations that has a time at a multiple of 1/s. */
  private int stage(double position) {
    int stage = 0;
    while (Math.rint(position * evaluations()) % (evaluations() / ends.get(stage)) != 0) {
      stage++;
    }
    return stage;
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
