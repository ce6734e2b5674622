package io.surprisal.model.fit;

import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.datasets.RandomCrops;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.Preprocessing;
import java.util.stream.IntStream;

/** What a run learns from. */
public sealed interface FitImages {

  /** What to call them in the release. */
  String name();

  /** How many there are, trained on and held out. */
  int size();

  /** How the release will take images. */
  Preprocessing preprocessing();

  /**
   * Some of what will go through the network, in memory.
   *
   * @param most at most so many
   */
  ImageDataset sample(int most);

  /**
   * Images that fit the network whole.
   *
   * @param data training and held out
   * @param name what to call them in the release
   * @param heldOut which of them are never trained on
   * @param interpretation how files of pictures were understood, and are to be
   */
  record Whole(ImageDataset data, String name, HeldOut heldOut, Interpretation interpretation)
      implements FitImages {

    /** As usually interpreted. */
    public Whole(ImageDataset data, String name, HeldOut heldOut) {
      this(data, name, heldOut, Interpretation.usual());
    }

    @Override
    public int size() {
      return data.size();
    }

    @Override
    public Preprocessing preprocessing() {
      return Preprocessing.resizing(data.shape()).with(interpretation);
    }

    @Override
    public ImageDataset sample(int most) {
      return new ImageSubset(data, IntStream.range(0, Math.min(most, data.size())).toArray());
    }
  }

  /**
   * Pictures larger than the network: it learns crops of them, and they are scored by tiles.
   *
   * @param pictures as they came, of any sizes
   * @param preprocessing says scale and tiles
   * @param tiles that a usual one has
   * @param name what to call them in the release
   * @param heldOut which of them are never trained on
   */
  record Pictures(
      ImageSource pictures, Preprocessing preprocessing, int tiles, String name, HeldOut heldOut)
      implements FitImages {

    private static final int LOOKED_AT = 8;

    @Override
    public int size() {
      return pictures.size();
    }

    @Override
    public ImageDataset sample(int most) {
      int[] first = IntStream.range(0, Math.min(pictures.size(), LOOKED_AT)).toArray();
      return RandomCrops.tiles(pictures, first, preprocessing, most, 1);
    }

    /** How many pictures are held out. */
    int held() {
      return heldOut.of(size());
    }

    /** Of the pictures held out, how many show what is normal of a tile. */
    int fitted() {
      return PictureCalibrator.fitted(held());
    }

    /** Of the pictures held out, how many calibrate, each whole. */
    public int calibrating() {
      return held() - fitted();
    }
  }
}
