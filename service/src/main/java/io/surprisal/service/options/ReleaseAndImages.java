package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.release.Release;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;

/** {@code --release} and {@code --data}, wherever a release is measured on images. */
public final class ReleaseAndImages {
  @Mixin private final ReleaseOption release = new ReleaseOption();
  @Mixin private final ImagesOption images;

  /** Of a command that measures on images which the release must not know. */
  public ReleaseAndImages() {
    this("Images that did not train the release, nor calibrate it.");
  }

  /**
   * Of a command that takes images in a way of its own.
   *
   * @param images what they are, a sentence
   */
  public ReleaseAndImages(String images) {
    this.images = new ImagesOption(images);
  }

  /** The file of the release. */
  public Path releaseFile() {
    return release.file();
  }

  /** The release, read and verified. */
  public Release release() throws IOException {
    return release.load();
  }

  /** The images, as a release takes them. */
  public ImageDataset imagesFor(Release loaded) throws IOException {
    return Images.whole(images.paths(), loaded.preprocessing());
  }

  /** What the user named. */
  public List<Path> paths() {
    return images.paths();
  }

  /** The pictures, as a release takes them, whole or by tiles. */
  public ImageSource picturesFor(Release loaded) throws IOException {
    return Images.forRelease(images.paths(), loaded.preprocessing());
  }

  /** The pictures as they are, of any sizes. */
  public PictureFiles pictures(Release loaded) throws IOException {
    return Images.pictures(images.paths(), loaded.preprocessing().interpretation());
  }
}
