package io.surprisal.model.compression;

/**
 * N(mean, deviation²) over bins of one width, bin i around i · width. Conditions are means.
 *
 * <p>What is drawn stands for the middle of its bin, which adds width²/12 to the variance; the
 * Gaussian is narrowed by as much (Sheppard's correction), so that the chain's noise has the
 * variance that the network expects, however wide the bins.
 *
 * <p>Bins within six deviations have a frequency of at least 1. Those beyond are never drawn. A
 * model may be wrong by more: its Gaussian keeps one frequency for all other bins, after which the
 * number of the bin follows as it is.
 */
final class GaussianBins implements Codec {
  private static final int LARGEST_INDEX = 1 << 30;
  private static final int ESCAPE = Message.TOTAL - 1;

  private final double width;
  private final double inverse;
  private final int reach;
  private final int bins;
  private final boolean open;
  private final double mass;

  private GaussianBins(double width, double deviation, boolean open) {
    if (!(width > 0) || !(deviation >= width) || Double.isInfinite(deviation)) {
      throw new IllegalArgumentException(
          "bins %s wide of a deviation of %s; must be at most as wide".formatted(width, deviation));
    }
    double narrowed = StrictMath.sqrt(deviation * deviation - width * width / 12);
    this.width = width;
    this.open = open;
    inverse = 1 / narrowed;
    reach = (int) StrictMath.ceil(NormalDistribution.REACH * narrowed / width);
    bins = 2 * reach + 1;
    mass = Message.TOTAL - bins - (open ? 1 : 0);
    if (mass < Message.TOTAL / 2.0) {
      throw new IllegalArgumentException(
          "%d bins of a Gaussian are too many; take fewer timesteps".formatted(bins));
    }
  }

  /** What is drawn from, and so never beyond its own reach. */
  static GaussianBins drawn(double width, double deviation) {
    return new GaussianBins(width, deviation, false);
  }

  /** What predicts, and so may be wrong by any amount. */
  static GaussianBins predicting(double width, double deviation) {
    return new GaussianBins(width, deviation, true);
  }

  @Override
  public void push(Message message, double mean, int index) {
    int middle = middle(mean);
    int bin = index - middle + reach;
    if (bin >= 0 && bin < bins) {
      int start = start(bin, middle, mean);
      message.push(start, start(bin + 1, middle, mean) - start);
    } else if (open) {
      message.pushBits(index);
      message.push(ESCAPE, 1);
    } else {
      throw new CorruptMessageException(
          "a value lies %d bins from its mean".formatted(bin - reach));
    }
  }

  @Override
  public int pop(Message message, double mean) {
    int slot = message.slot();
    if (open && slot == ESCAPE) {
      message.pop(ESCAPE, 1);
      return message.popBits();
    }
    int middle = middle(mean);
    int low = 0; // start(low) ≤ slot < start(high)
    int high = bins;
    int startOfLow = 0;
    int startOfHigh = Message.TOTAL - (open ? 1 : 0);
    while (high - low > 1) {
      int between = (low + high) >>> 1;
      int start = start(between, middle, mean);
      if (start <= slot) {
        low = between;
        startOfLow = start;
      } else {
        high = between;
        startOfHigh = start;
      }
    }
    message.pop(startOfLow, startOfHigh - startOfLow);
    return middle + low - reach;
  }

  private int middle(double mean) {
    if (Double.isNaN(mean)) {
      throw new ArithmeticException("the network's output is not a number");
    }
    return (int) Math.rint(Math.max(-LARGEST_INDEX, Math.min(LARGEST_INDEX, mean / width)));
  }

  /** Sum of the frequencies of the bins before one. */
  private int start(int bin, int middle, double mean) {
    if (bin == 0) {
      return 0;
    }
    if (bin == bins) {
      return bins + (int) mass;
    }
    double edge = (middle - reach + bin - 0.5) * width;
    return bin + (int) (mass * NormalDistribution.cumulative((edge - mean) * inverse));
  }
}
