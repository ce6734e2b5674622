package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Images that the user names, in the shape that a release wants. */
public final class Images {
  private Images() {}

  /** Opens what {@code --data} names. */
  public static ImageDataset open(List<Path> paths) throws IOException {
    return ImageDatasets.open(paths);
  }

  /**
   * Images as a release wants them: of another size they are resized as the stream does it.
   *
   * @throws IOException if the release cannot take them, for example colour for grey
   */
  public static ImageDataset prepared(ImageDataset data, Preprocessing preprocessing)
      throws IOException {
    try {
      preprocessing.apply(data.image(0));
    } catch (ImageRejectedException e) {
      throw new IOException(
          data.name(0)
              + ": "
              + e.getMessage()
              + "; convert the images, or fit a release on images like them",
          e);
    }
    return new Prepared(data, preprocessing);
  }

  private record Prepared(ImageDataset data, Preprocessing preprocessing) implements ImageDataset {
    @Override
    public int size() {
      return data.size();
    }

    @Override
    public int channels() {
      return preprocessing.channels();
    }

    @Override
    public int height() {
      return preprocessing.height();
    }

    @Override
    public int width() {
      return preprocessing.width();
    }

    @Override
    public PixelImage image(int index) {
      try {
        return preprocessing.apply(data.image(index));
      } catch (ImageRejectedException e) {
        throw new IllegalArgumentException(data.name(index) + ": " + e.getMessage(), e);
      }
    }

    @Override
    public String name(int index) {
      return data.name(index);
    }
  }
}
