package io.surprisal.model.fit;

import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.RandomCrops;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A seeded split of pictures: crops of most are trained on; of those held out, a few show what is
 * normal of a tile, and the others calibrate as whole pictures. What is usual where some of those
 * that are trained on show too, since few are held out.
 */
final class PictureSplit implements FitSplit {

  /** Shrunk pictures in memory, in all about. */
  private static final long MEMORY = 256L << 20;

  /** Held-out tiles that the learning curve is measured on. */
  private static final int CURVE_TILES = 256;

  private final FitImages.Pictures images;
  private final long seed;
  private final int[] training;
  private final int[] fitted;

  /** Of those that are trained on the ones that show what is usual, too. */
  private final int[] trained;

  private final int[] calibrating;
  private final ImageDataset crops;
  private @Nullable ImageDataset tiles;

  /**
   * Splits.
   *
   * @throws IllegalArgumentException if none would be left to train on
   */
  PictureSplit(FitImages.Pictures images, long seed) {
    this(images, seed, TimeBlocks::of);
  }

  PictureSplit(FitImages.Pictures images, long seed, TimeBlocks.Draw draw) {
    this.images = images;
    this.seed = seed;
    int size = images.size();
    int held = images.held();
    if (size - held < 1) {
      throw new IllegalArgumentException(
          "%d pictures are too few to hold out %d of them".formatted(size, held));
    }
    TimeBlocks blocks =
        images.heldOut() instanceof HeldOut.Last
            ? TimeBlocks.last(size, held, seed)
            : draw.of(size, held, seed);
    int[] heldOut = blocks.heldOut();
    int fit = images.fitted();
    fitted = Arrays.copyOfRange(heldOut, 0, fit);
    calibrating = Arrays.copyOfRange(heldOut, fit, held);
    training = blocks.training();
    trained =
        Arrays.stream(DataSplit.permutation(training.length, new Random(seed)))
            .limit(PictureCalibrator.trained(fit, training.length))
            .map(i -> training[i])
            .toArray();
    crops = new RandomCrops(images.pictures(), training, images.preprocessing(), seed, MEMORY);
  }

  @Override
  public ImageDataset training() {
    return crops;
  }

  @Override
  public int[] batch(long step, int size) {
    int[] batch = new int[size];
    for (int i = 0; i < size; i++) {
      batch[i] = (int) ((step * size + i) % Integer.MAX_VALUE);
    }
    return batch;
  }

  /** A hash of sizes, scale, stride and the names of all training pictures. */
  @Override
  public int fingerprint() {
    Tiling tiling = images.preprocessing().tiling().orElseThrow();
    int hash =
        Arrays.hashCode(
            new int[] {images.size(), training.length, tiling.reduction(), tiling.stride()});
    for (int index : training) {
      hash = 31 * hash + images.pictures().name(index).hashCode();
    }
    return hash;
  }

  @Override
  public int trainingImages() {
    return training.length;
  }

  @Override
  public int heldOutImages() {
    return fitted.length + calibrating.length;
  }

  @Override
  public int leftOutImages() {
    return images.size() - training.length - heldOutImages();
  }

  @Override
  public ImageDataset heldOut() {
    if (tiles == null) {
      tiles =
          RandomCrops.tiles(images.pictures(), fitted, images.preprocessing(), CURVE_TILES, seed);
    }
    return tiles;
  }

  @Override
  public int calibrationImages(int most) {
    return Math.min(most, calibrating.length);
  }

  @Override
  public Duration timeAfterStop() {
    return Duration.ZERO; // it would not suffice for a picture of each kind
  }

  @Override
  public int scoredToCalibrate(int of) {
    return PictureCalibrator.scored(fitted.length + trained.length, of, images.tiles());
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
    if (stop.getAsBoolean()) {
      return Optional.empty();
    }
    return PictureCalibrator.calibrate(
        release,
        new PictureCalibrator.Pictures(
            images.pictures(),
            fitted,
            Arrays.copyOf(trained, affordable(of, affordable)),
            Arrays.copyOf(calibrating, of)),
        evaluations,
        execution,
        progress,
        enough,
        stop);
  }

  /** How many of those that are trained on show what is usual, too: the others go first. */
  int affordable(int of, long tilesInAll) {
    long left = tilesInAll - PictureCalibrator.scored(fitted.length, of, images.tiles());
    return (int) Math.max(0, Math.min(trained.length, left / images.tiles()));
  }
}
