package io.surprisal.service.bench;

import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSubset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Images with the class of each, of the IDX files that MNIST and its kin come as. */
final class LabelledImages {
  private final ImageDataset images;
  private final byte[] labels;

  private LabelledImages(ImageDataset images, byte[] labels) {
    this.images = images;
    this.labels = labels;
  }

  /**
   * Reads {@code NAME-images-idx3-ubyte} and {@code NAME-labels-idx1-ubyte}, plain or {@code .gz}.
   *
   * @throws NoSuchFileException if one of them is not there; the message names it
   * @throws IOException if one is no such file, or they are not of as many images
   */
  static LabelledImages read(Path folder, String name) throws IOException {
    Path pictures = file(folder, name + "-images-idx3-ubyte");
    Path classes = file(folder, name + "-labels-idx1-ubyte");
    ImageDataset images = ImageDatasets.open(List.of(pictures));
    byte[] labels = Idx.labels(classes);
    if (labels.length != images.size()) {
      throw new IOException(
          "%s is of %d images, %s of %d"
              .formatted(pictures, images.size(), classes, labels.length));
    }
    return new LabelledImages(images, labels);
  }

  private static Path file(Path folder, String name) throws NoSuchFileException {
    for (String ending : List.of(".gz", "")) {
      Path file = folder.resolve(name + ending);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw new NoSuchFileException(folder.resolve(name) + " (or .gz)");
  }

  /** The classes that there are, by number. */
  SortedSet<Integer> classes() {
    SortedSet<Integer> classes = new TreeSet<>();
    for (byte label : labels) {
      classes.add(Byte.toUnsignedInt(label));
    }
    return classes;
  }

  /** The images of some classes, in their order, at most so many. */
  ImageDataset of(IntPredicate which, int most) {
    int[] places =
        IntStream.range(0, labels.length)
            .filter(i -> which.test(Byte.toUnsignedInt(labels[i])))
            .toArray();
    return new ImageSubset(images, Arrays.copyOf(places, Math.min(most, places.length)));
  }
}
