package io.surprisal.model.fit;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A seeded split of a data set into images to train on and images held out, and the order in which
 * the first are visited: a fresh permutation every epoch. Pure functions of seed, sizes and
 * position, so that a resumed run sees what it would have seen.
 */
final class DataSplit implements FitSplit {
  private final ImageDataset data;
  private final long seed;
  private final int[] training;
  private final int[] heldOut;
  private int[] epochOrder = new int[0];
  private long epoch = -1;

  /**
   * Splits by chance, see {@link TimeBlocks}.
   *
   * @param heldOutFraction share that is never trained on, in [0, 1)
   */
  DataSplit(ImageDataset data, double heldOutFraction, long seed) {
    this(data, heldOutFraction, seed, TimeBlocks::of);
  }

  DataSplit(ImageDataset data, double heldOutFraction, long seed, TimeBlocks.Draw draw) {
    this.data = data;
    this.seed = seed;
    int held = (int) Math.round(data.size() * heldOutFraction);
    if (data.size() - held < 1) {
      throw new IllegalArgumentException(
          data.size() + " images are too few to hold out a share of " + heldOutFraction);
    }
    TimeBlocks blocks = draw.of(data.size(), held, seed);
    heldOut = blocks.heldOut();
    training = blocks.training();
  }

  /** The split of data whose held-out images were chosen before, and come last. */
  static DataSplit withLastHeldOut(ImageDataset data, int heldOut, long seed) {
    int training = data.size() - heldOut;
    if (heldOut < 0 || training < 1) {
      throw new IllegalArgumentException(
          data.size() + " images are too few to hold out " + heldOut + " of them");
    }
    return new DataSplit(
        data,
        seed,
        IntStream.range(0, training).toArray(),
        IntStream.range(training, data.size()).toArray());
  }

  private DataSplit(ImageDataset data, long seed, int[] training, int[] heldOut) {
    this.data = data;
    this.seed = seed;
    this.training = training;
    this.heldOut = heldOut;
  }

  static int[] permutation(int n, Random random) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  @Override
  public ImageDataset training() {
    return data;
  }

  @Override
  public int[] batch(long step, int size) {
    int[] batch = new int[size];
    for (int i = 0; i < size; i++) {
      long position = step * size + i;
      long wanted = position / training.length;
      if (wanted != epoch) {
        epoch = wanted;
        epochOrder = permutation(training.length, new Random(seed * 1_000_003 + epoch + 1));
      }
      batch[i] = training[epochOrder[(int) (position % training.length)]];
    }
    return batch;
  }

  /** A hash of the sizes and of all training images. */
  @Override
  public int fingerprint() {
    int hash = Arrays.hashCode(new int[] {data.size(), training.length});
    for (int index : training) {
      hash = 31 * hash + data.image(index).hashCode();
    }
    return hash;
  }

  @Override
  public int trainingImages() {
    return training.length;
  }

  @Override
  public int heldOutImages() {
    return heldOut.length;
  }

  @Override
  public int leftOutImages() {
    return data.size() - training.length - heldOut.length;
  }

  @Override
  public ImageDataset heldOut() {
    return new ImageSubset(data, heldOut);
  }

  @Override
  public int calibrationImages(int most) {
    return Math.min(most, heldOut.length);
  }

  @Override
  public Duration timeAfterStop() {
    return Duration.ofSeconds(4);
  }

  @Override
  public int scoredToCalibrate(int of) {
    return Calibrator.scored(of);
  }

  @Override
  public Optional<Calibration> calibrate(
      Release release,
      int of,
      long affordable,
      int evaluations,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier enough,
      BooleanSupplier stop) {
    return Optional.of(
        Calibrator.calibrate(
            release,
            heldOut(),
            of,
            evaluations,
            execution,
            progress,
            () -> enough.getAsBoolean() || stop.getAsBoolean()));
  }
}
