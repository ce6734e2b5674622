package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntFunction;

/** Images side by side in one array, as IDX and CIFAR files hold them. */
final class ImageBlock implements ImageDataset {

  private final int size;
  private final int channels;
  private final int height;
  private final int width;
  private final byte[] records;
  private final int prefix;
  private final boolean interleaved;
  private final IntFunction<String> names;

  /**
   * @param records {@code size} records of {@code prefix} bytes that are skipped, then the samples
   * @param interleaved whether the samples are [height, width, channels] instead of [channels,
   *     height, width]
   */
  ImageBlock(
      int size,
      int channels,
      int height,
      int width,
      byte[] records,
      int prefix,
      boolean interleaved,
      IntFunction<String> names) {
    this.size = size;
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.records = records;
    this.prefix = prefix;
    this.interleaved = interleaved;
    this.names = names;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public PixelImage image(int index) {
    int length = channels * height * width;
    int from = Objects.checkIndex(index, size) * (prefix + length) + prefix;
    byte[] samples = Arrays.copyOfRange(records, from, from + length);
    return interleaved
        ? PixelImage.ofInterleaved(channels, height, width, samples)
        : new PixelImage(channels, height, width, samples);
  }

  @Override
  public String name(int index) {
    return names.apply(Objects.checkIndex(index, size));
  }
}
