package io.surprisal.model.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The percentile bootstrap (Efron 1979): what an estimate would have been on other samples as
 * large, drawn with replacement from each set by itself. A resample is given as how often each
 * member is in it, so that what is sorted once need not be sorted again. The same seed draws the
 * same resamples of sets of the same sizes: estimates of several statistics are then of the same
 * images.
 *
 * @param resamples how many, at least {@value #FEWEST}
 * @param seed of the draws
 */
public record Bootstrap(int resamples, long seed) {
  private static final int FEWEST = 40;
  private static final int USUAL = 2000;

  /** Left out on either side of an interval. */
  private static final double TAIL = 0.025;

  /**
   * @throws IllegalArgumentException if there are too few resamples for an end of the interval
   */
  public Bootstrap {
    if (resamples < FEWEST) {
      throw new IllegalArgumentException(
          "%d resamples are too few, take at least %d".formatted(resamples, FEWEST));
    }
  }

  /** With a usual number of resamples. */
  public static Bootstrap seeded(long seed) {
    return new Bootstrap(USUAL, seed);
  }

  /**
   * Estimates of several numbers from the same resamples.
   *
   * @param sizes of the sets, each at least 1
   * @param numbers from how often each member of each set is there; a number that a resample does
   *     not give is NaN, and does not count
   */
  List<Estimate> estimates(int[] sizes, Function<int[][], double[]> numbers) {
    int[][] weights = IntStream.of(sizes).mapToObj(int[]::new).toArray(int[][]::new);
    for (int[] set : weights) {
      Arrays.fill(set, 1);
    }
    double[] values = numbers.apply(weights);
    double[][] drawn = new double[values.length][resamples];
    SplittableRandom random = new SplittableRandom(seed);
    for (int r = 0; r < resamples; r++) {
      for (int[] set : weights) {
        draw(set, random);
      }
      double[] of = numbers.apply(weights);
      for (int i = 0; i < values.length; i++) {
        drawn[i][r] = of[i];
      }
    }
    List<Estimate> estimates = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      estimates.add(estimate(values[i], drawn[i]));
    }
    return estimates;
  }

  /** The share of a set of which something is true. */
  public Estimate share(boolean[] of) {
    return estimates(
            new int[] {of.length},
            weights -> {
              int count = 0;
              for (int i = 0; i < of.length; i++) {
                count += of[i] ? weights[0][i] : 0;
              }
              return new double[] {count / (double) of.length};
            })
        .get(0);
  }

  private static void draw(int[] weights, SplittableRandom random) {
    Arrays.fill(weights, 0);
    for (int i = 0; i < weights.length; i++) {
      weights[random.nextInt(weights.length)]++;
    }
  }

  private static Estimate estimate(double value, double[] drawn) {
    double[] ascending =
        Arrays.stream(drawn).filter(number -> !Double.isNaN(number)).sorted().toArray();
    int n = ascending.length;
    return n == 0
        ? new Estimate(value, Double.NaN, Double.NaN)
        : new Estimate(
            value,
            ascending[(int) Math.floor(TAIL * n)],
            ascending[(int) Math.ceil((1 - TAIL) * n) - 1]);
  }
}
