package io.surprisal.trainer.run;

import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Pictures of any sizes in a folder, a file each, of which none is held in memory.
 *
 * @param files in their order
 * @param sources of each, see {@link RunSources}
 */
record StoredPictures(List<Path> files, RunSources sources) implements ImageSource {

  /**
   * The pictures that were {@link #write written} into a folder, in the order of their numbers.
   *
   * @param sources of these
   */
  static StoredPictures in(Path folder, RunSources sources) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new StoredPictures(files.sorted().toList(), sources);
    }
  }

  /**
   * Writes a picture into a folder.
   *
   * @param number of the picture, at least 0
   */
  static void write(Path folder, int number, PixelImage picture) throws IOException {
    Idx.write(folder.resolve("%010d.idx".formatted(number)), ImageDatasets.of(List.of(picture)));
  }

  /** Some of them, in the order given. */
  StoredPictures subset(int[] which) {
    return new StoredPictures(
        Arrays.stream(which).mapToObj(files::get).toList(), sources.only(which));
  }

  @Override
  public int size() {
    return files.size();
  }

  /**
   * Reads a picture.
   *
   * @throws IllegalArgumentException naming the file, if it cannot be read
   */
  @Override
  public PixelImage image(int index) {
    try {
      return ImageDatasets.open(List.of(files.get(index))).image(0);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          files.get(index) + " cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public String name(int index) {
    return String.valueOf(files.get(index).getFileName());
  }

  @Override
  public String source(int index) {
    return sources.of(index);
  }
}
