package io.surprisal.trainer.reservoir;

import io.surprisal.model.checks.Sha256;
import java.nio.ByteBuffer;

/**
 * Which images of the stream are held out, by where they lie: blocks of neighbours in a partition,
 * with a gap at their ends that is neither held out nor trained on.
 *
 * <p>Neighbouring frames of a camera are nearly alike. Drawn one by one, each that is held out has
 * neighbours that are trained on, and says what trained images score, not what new ones do. A
 * partition is cut into groups, and each has one block somewhere. Blocks grow from {@value
 * #SHORTEST} images to {@value #LONGEST}, so that the first images of a topic have several already.
 *
 * <p>A pure function of the place: read again after a restart, an image is what it was.
 */
final class HeldOutBlocks {
  static final int SHORTEST = 4;
  static final int LONGEST = 32;

  /** Offsets before the first doubling of the blocks; each later one lasts twice as long. */
  private static final long FIRST_DOUBLING = 256;

  /** A block has a gap of a quarter of its length at each end, where there is room. */
  private static final int GAPS_A_BLOCK = 4;

  /** What an image is for. */
  enum Use {
    TRAINING,
    HELD_OUT,
    /** Nothing. */
    GAP
  }

  private final double share;

  /**
   * @param share of the images that is held out, in (0, 1)
   */
  HeldOutBlocks(double share) {
    this.share = share;
  }

  /** What the image in a place is for. */
  Use use(ReservoirImage.Place place) {
    int length = SHORTEST;
    long start = 0;
    long end = FIRST_DOUBLING;
    while (length < LONGEST && place.offset() >= end) {
      length *= 2;
      start = end;
      end += FIRST_DOUBLING * (length / SHORTEST);
    }
    long group = Math.max(length + 1, Math.round(length / share));
    long number = (place.offset() - start) / group;
    long position = (place.offset() - start) % group;
    long gap = Math.min(length / GAPS_A_BLOCK, (group - length) / GAPS_A_BLOCK);
    long room = group - length - 2 * gap + 1;
    long first = gap + Math.floorMod(hash(place.partition(), start, number), room);
    if (position >= first && position < first + length) {
      return Use.HELD_OUT;
    }
    return position >= first - gap && position < first + length + gap ? Use.GAP : Use.TRAINING;
  }

  private static long hash(int partition, long start, long number) {
    return Sha256.first64Bits(
        ByteBuffer.allocate(Integer.BYTES + 2 * Long.BYTES)
            .putInt(partition)
            .putLong(start)
            .putLong(number)
            .array());
  }
}
