package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;
import java.util.function.IntFunction;

/** Images of which it is known where they come from, see {@link ImageSource#source}. */
public final class SourcedImages {
  private SourcedImages() {}

  /**
   * Images with their sources.
   *
   * @param sources names the source of the image at a place
   */
  public static ImageDataset of(ImageDataset images, IntFunction<String> sources) {
    return new OneShape(images, sources);
  }

  /**
   * Pictures with their sources.
   *
   * @param sources names the source of the picture at a place
   */
  public static ImageSource of(ImageSource pictures, IntFunction<String> sources) {
    return new AnyShape(pictures, sources);
  }

  private record AnyShape(ImageSource pictures, IntFunction<String> sources)
      implements ImageSource {
    @Override
    public int size() {
      return pictures.size();
    }

    @Override
    public PixelImage image(int index) {
      return pictures.image(index);
    }

    @Override
    public String name(int index) {
      return pictures.name(index);
    }

    @Override
    public String source(int index) {
      return sources.apply(index);
    }
  }

  private record OneShape(ImageDataset images, IntFunction<String> sources)
      implements ImageDataset {
    @Override
    public int size() {
      return images.size();
    }

    @Override
    public int channels() {
      return images.channels();
    }

    @Override
    public int height() {
      return images.height();
    }

    @Override
    public int width() {
      return images.width();
    }

    @Override
    public PixelImage image(int index) {
      return images.image(index);
    }

    @Override
    public String name(int index) {
      return images.name(index);
    }

    @Override
    public String source(int index) {
      return sources.apply(index);
    }
  }
}
