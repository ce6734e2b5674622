package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;
import java.util.stream.IntStream;

/** Some of the images of a data set, in their order. */
public final class ImageSubset implements ImageDataset {
  private final ImageDataset all;
  private final int[] indices;

  /** Every {@code step}-th image from {@code first} on. */
  public ImageSubset(ImageDataset all, int first, int step) {
    this(all, IntStream.range(0, all.size()).filter(i -> i % step == first).toArray());
  }

  /** The images at some places. */
  public ImageSubset(ImageDataset all, int[] indices) {
    this.all = all;
    this.indices = indices.clone();
  }

  @Override
  public int size() {
    return indices.length;
  }

  @Override
  public int channels() {
    return all.channels();
  }

  @Override
  public int height() {
    return all.height();
  }

  @Override
  public int width() {
    return all.width();
  }

  @Override
  public PixelImage image(int index) {
    return all.image(indices[index]);
  }

  @Override
  public String name(int index) {
    return all.name(indices[index]);
  }

  @Override
  public String source(int index) {
    return all.source(indices[index]);
  }
}
