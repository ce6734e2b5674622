package io.surprisal.model.fit;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Which of images in the order of their data are held out: blocks of neighbours, with a gap at
 * their ends that is neither held out nor trained on.
 *
 * <p>Neighbouring frames of a camera are nearly alike. Drawn one by one, each that is held out has
 * neighbours that are trained on, and says what trained images score. The blocks are many and
 * short, since files are often in the order of their kinds; where few images are held out each is a
 * block of its own, without a gap.
 *
 * @param heldOut positions in [0, size), in an order of chance
 * @param training positions that are neither held out nor in a gap, ascending or in an order of
 *     chance
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record TimeBlocks(int[] heldOut, int[] training) {

  /** As many blocks at least, unless each is a single image. */
  static final int FEWEST = 50;

  /** Images of the longest block. */
  static final int LONGEST = 64;

  /** A block has a gap of a quarter of its length at each end. */
  private static final int GAPS_A_BLOCK = 4;

  /**
   * Draws as many as are wanted.
   *
   * @param held how many are held out; of more than a half each is a block
   */
  static TimeBlocks of(int size, int held, long seed) {
    int length = Math.min(held / FEWEST, LONGEST);
    if (length < 2 || held > size / 2) {
      return oneByOne(size, held, seed);
    }
    Random random = new Random(seed);
    int blocks = (held + length - 1) / length;
    boolean[] isHeldOut = new boolean[size];
    boolean[] isLeftOut = new boolean[size];
    for (int block = 0; block < blocks; block++) {
      int from = part(size, block, blocks);
      int room = part(size, block + 1, blocks) - from;
      int images = part(held, block + 1, blocks) - part(held, block, blocks);
      int first = from + random.nextInt(room - images + 1);
      int gap = images / GAPS_A_BLOCK;
      Arrays.fill(isHeldOut, first, first + images, true);
      Arrays.fill(isLeftOut, Math.max(0, first - gap), Math.min(size, first + images + gap), true);
    }
    int[] ascending = IntStream.range(0, size).filter(i -> isHeldOut[i]).toArray();
    return new TimeBlocks(
        Arrays.stream(DataSplit.permutation(held, random)).map(i -> ascending[i]).toArray(),
        IntStream.range(0, size).filter(i -> !isHeldOut[i] && !isLeftOut[i]).toArray());
  }

  /** Draws each by itself, as versions did that knew no blocks. */
  static TimeBlocks oneByOne(int size, int held, long seed) {
    int[] order = DataSplit.permutation(size, new Random(seed));
    return new TimeBlocks(
        Arrays.copyOfRange(order, 0, held), Arrays.copyOfRange(order, held, size));
  }

  /** The last ones, in an order of chance. */
  static TimeBlocks last(int size, int held, long seed) {
    int first = size - held;
    return new TimeBlocks(
        Arrays.stream(DataSplit.permutation(held, new Random(seed))).map(i -> first + i).toArray(),
        IntStream.range(0, first).toArray());
  }

  /** Draws what is held out. */
  @FunctionalInterface
  interface Draw {
    /** Of so many images so many. */
    TimeBlocks of(int size, int held, long seed);
  }

  /** Where a part of a whole begins that is cut into equal ones. */
  private static int part(int whole, int number, int parts) {
    return (int) ((long) whole * number / parts);
  }
}
