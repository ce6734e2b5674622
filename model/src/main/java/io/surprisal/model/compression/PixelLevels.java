package io.surprisal.model.compression;

/**
 * p(x|z₀): the 256 levels of a pixel, softmax of −½ e^{−γ₀} (z₀/α₀ − x_v)² (arXiv 2107.00630,
 * section 3.3). The condition is z₀/α₀. Every level has a frequency of at least 1.
 */
final class PixelLevels implements Codec {
  private static final int LEVELS = 256;

  /** Levels below e⁻⁵⁰ of the likeliest get no more than the least frequency. */
  private static final double FURTHEST = 100;

  private static final double MASS = Message.TOTAL - LEVELS;

  private final double precision;
  private final int reach;

  /**
   * Levels at the end of a chain.
   *
   * @param gammaAtZero γ₀
   */
  PixelLevels(double gammaAtZero) {
    precision = StrictMath.exp(-gammaAtZero);
    reach =
        (int)
            Math.min(
                LEVELS - 1,
                1 + StrictMath.ceil(StrictMath.sqrt(FURTHEST / precision) * LEVELS / 2));
  }

  /** A level scaled to (−1, 1). */
  static double scaled(int level) {
    return (level + 0.5) / (LEVELS / 2.0) - 1;
  }

  @Override
  public void push(Message message, double y, int level) {
    Weights weights = new Weights(y);
    int start = weights.start(level);
    message.push(start, weights.start(level + 1) - start);
  }

  @Override
  public int pop(Message message, double y) {
    Weights weights = new Weights(y);
    int slot = message.slot();
    int low = 0;
    int high = LEVELS;
    while (high - low > 1) {
      int between = (low + high) >>> 1;
      if (weights.start(between) <= slot) {
        low = between;
      } else {
        high = between;
      }
    }
    int start = weights.start(low);
    message.pop(start, weights.start(low + 1) - start);
    return low;
  }

  /** −ln p(level|z₀), nats. */
  double nats(double y, int level) {
    Weights weights = new Weights(y);
    int start = weights.start(level);
    return -Math.log((weights.start(level + 1) - start) / (double) Message.TOTAL);
  }

  /** Sums of the weights of the levels near the likeliest. */
  private final class Weights {
    private final int first;
    private final double[] sums;

    Weights(double y) {
      if (Double.isNaN(y)) {
        throw new ArithmeticException("the network's output is not a number");
      }
      int nearest = (int) Math.max(0, Math.min(LEVELS - 1, Math.floor((y + 1) * (LEVELS / 2.0))));
      first = Math.max(0, nearest - reach);
      int last = Math.min(LEVELS - 1, nearest + reach);
      sums = new double[last - first + 2];
      double least = square(y - scaled(nearest));
      for (int i = 1; i < sums.length; i++) {
        double exponent = 0.5 * precision * (square(y - scaled(first + i - 1)) - least);
        sums[i] = sums[i - 1] + StrictMath.exp(-exponent);
      }
    }

    int start(int level) {
      int at = Math.max(0, Math.min(sums.length - 1, level - first));
      return level + (int) (MASS * (sums[at] / sums[sums.length - 1]));
    }
  }

  private static double square(double x) {
    return x * x;
  }
}
