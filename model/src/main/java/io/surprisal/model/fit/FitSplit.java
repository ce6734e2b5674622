package io.surprisal.model.fit;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/**
 * What a run trains on, and what it holds out. A pure function of seed, sizes and position, so that
 * a resumed run sees what it would have seen.
 */
interface FitSplit {

  /**
   * Splits the images of a run.
   *
   * @throws IllegalArgumentException if none would be left to train on
   */
  static FitSplit of(FitImages images, long seed) {
    return of(images, seed, TimeBlocks::of);
  }

  /** As {@link #of} split in versions that knew no blocks of time. */
  static FitSplit ofEarlierVersions(FitImages images, long seed) {
    return of(images, seed, TimeBlocks::oneByOne);
  }

  private static FitSplit of(FitImages images, long seed, TimeBlocks.Draw draw) {
    if (images instanceof FitImages.Pictures pictures) {
      return new PictureSplit(pictures, seed, draw);
    }
    FitImages.Whole whole = (FitImages.Whole) images;
    return whole.heldOut() instanceof HeldOut.Last last
        ? DataSplit.withLastHeldOut(whole.data(), last.images(), seed)
        : new DataSplit(whole.data(), ((HeldOut.Share) whole.heldOut()).fraction(), seed, draw);
  }

  /** What the batches are drawn from. */
  ImageDataset training();

  /** Indices into {@link #training} of the batch of a step. */
  int[] batch(long step, int size);

  /** Tells data sets and splits apart. */
  int fingerprint();

  int trainingImages();

  int heldOutImages();

  /** How many are neither held out nor trained on, since they are neighbours of held-out ones. */
  int leftOutImages();

  /** What goes through the network of the held-out images; only where there are any. */
  ImageDataset heldOut();

  /**
   * How many of the held-out images would calibrate the release.
   *
   * @param most at most so many
   */
  int calibrationImages(int most);

  /** How long a run that was stopped before its calibration may calibrate all the same. */
  Duration timeAfterStop();

  /** About how many images or tiles are scored to calibrate on so many. */
  int scoredToCalibrate(int of);

  /**
   * Calibrates the release on held-out images.
   *
   * @param release of the run
   * @param of how many images, see {@link #calibrationImages}
   * @param affordable about as many images or tiles can be scored in time, see {@link
   *     #scoredToCalibrate}: what can be done without is left out where they are fewer
   * @param evaluations K
   * @param execution as the release will be served
   * @param progress is told how many images are done
   * @param enough asked between batches; once true, what is measured so far is the calibration, at
   *     least a little
   * @param stop asked between batches; once true, it ends at once
   * @return empty where it was stopped before there was a calibration
   */
  Optional<Calibration> calibrate(
      Release release,
      int of,
      long affordable,
      int evaluations,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier enough,
      BooleanSupplier stop);
}
