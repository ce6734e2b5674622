package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Data sets of one shape, one after the other. */
final class ConcatenatedDataset implements ImageDataset {

  private final List<ImageDataset> parts;
  private final int[] starts;

  /**
   * @throws IOException naming the first two images whose shapes differ
   */
  ConcatenatedDataset(List<ImageDataset> parts) throws IOException {
    this.parts = List.copyOf(parts);
    this.starts = new int[parts.size() + 1];
    ImageDataset first = parts.get(0);
    for (int i = 0; i < parts.size(); i++) {
      ImageDataset part = parts.get(i);
      if (!part.shape().equals(first.shape())) {
        throw new IOException(
            "%s is %s, but %s is %s: the images of a data set have one shape; convert them first"
                .formatted(first.name(0), first.shape(), part.name(0), part.shape()));
      }
      starts[i + 1] = Math.addExact(starts[i], part.size());
    }
  }

  @Override
  public int size() {
    return starts[parts.size()];
  }

  @Override
  public int channels() {
    return parts.get(0).channels();
  }

  @Override
  public int height() {
    return parts.get(0).height();
  }

  @Override
  public int width() {
    return parts.get(0).width();
  }

  @Override
  public PixelImage image(int index) {
    int part = part(index);
    return parts.get(part).image(index - starts[part]);
  }

  @Override
  public String name(int index) {
    int part = part(index);
    return parts.get(part).name(index - starts[part]);
  }

  private int part(int index) {
    int found = Arrays.binarySearch(starts, Objects.checkIndex(index, size()));
    return found >= 0 ? found : -found - 2;
  }
}
