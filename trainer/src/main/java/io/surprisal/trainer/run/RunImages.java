package io.surprisal.trainer.run;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.datasets.SourcedImages;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.HeldOut;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.trainer.release.HeldOutImages;
import io.surprisal.trainer.release.HeldOutPictures;
import io.surprisal.trainer.release.HeldOutWhole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The images of a run, as they lie in its directory: those to train on, then the held-out ones,
 * then the held-out ones that raised alerts.
 */
sealed interface RunImages {

  /** How many. */
  int size();

  /** Some of them, in the order given. */
  RunImages subset(int[] which);

  /**
   * As a run trains on them.
   *
   * @param name what to call them in the release
   * @param heldOut how many at the end are held out
   */
  FitImages toFit(String name, int heldOut);

  /** Those from a position on. */
  HeldOutImages from(int first);

  /**
   * The images of the run in a directory.
   *
   * @param tiled how pictures go through the network tile by tile; empty where images do whole
   * @param interpretation of the release that whole images were read for
   */
  static RunImages in(Path directory, Optional<Preprocessing> tiled, Interpretation interpretation)
      throws IOException {
    RunSources sources = RunSources.in(directory);
    return tiled.isPresent()
        ? new Pictures(StoredPictures.in(folderOfPictures(directory), sources), tiled.get())
        : new Whole(
            SourcedImages.of(ImageDatasets.open(List.of(fileOfWhole(directory))), sources::of),
            interpretation);
  }

  /** Where {@link Whole} images of a run are written to. */
  static Path fileOfWhole(Path directory) {
    return directory.resolve("images.idx");
  }

  /** The folder, made, that {@link Pictures} of a run are written to. */
  static Path folderOfPictures(Path directory) throws IOException {
    return Files.createDirectories(directory.resolve("pictures"));
  }

  /**
   * Images in the network's shape.
   *
   * @param interpretation how files were understood
   */
  record Whole(ImageDataset images, Interpretation interpretation) implements RunImages {
    @Override
    public int size() {
      return images.size();
    }

    @Override
    public RunImages subset(int[] which) {
      return new Whole(new ImageSubset(images, which), interpretation);
    }

    @Override
    public FitImages toFit(String name, int heldOut) {
      return new FitImages.Whole(images, name, new HeldOut.Last(heldOut), interpretation);
    }

    @Override
    public HeldOutImages from(int first) {
      return new HeldOutWhole(new ImageSubset(images, positions(first, size())));
    }
  }

  /**
   * Pictures of any sizes.
   *
   * @param preprocessing says scale and tiles
   */
  record Pictures(StoredPictures pictures, Preprocessing preprocessing) implements RunImages {
    @Override
    public int size() {
      return pictures.size();
    }

    @Override
    public RunImages subset(int[] which) {
      return new Pictures(pictures.subset(which), preprocessing);
    }

    @Override
    public FitImages toFit(String name, int heldOut) {
      PixelImage one = pictures.image(0);
      int tiles =
          preprocessing
              .tiling()
              .orElseThrow()
              .count(one.height(), one.width(), preprocessing.height(), preprocessing.width());
      return new FitImages.Pictures(
          pictures, preprocessing, tiles, name, new HeldOut.Last(heldOut));
    }

    @Override
    public HeldOutImages from(int first) {
      return new HeldOutPictures(pictures, positions(first, size()), preprocessing);
    }
  }

  private static int[] positions(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
