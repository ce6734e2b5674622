package io.surprisal.service.demo;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The release that the demo scores with; it suits what the camera shows.
 *
 * @param file where it lies
 */
record DemoRelease(Path file, Release release) {
  private static final int LEAST_SIDE = 16;
  private static final int MOST_SIDE = 1024;

  /** The release that comes with Surprisal, of drawn images. */
  static Path shipped() {
    return Path.of(System.getProperty("surprisal.home", "."), "releases", "demo.safetensors");
  }

  /** What to say where real images have no release. */
  static MissingDependencyException none(Path camera) {
    return new MissingDependencyException(
        "the shipped release knows the demo's camera only; " + howToFit(camera));
  }

  /**
   * A release of drawn images.
   *
   * @throws MissingDependencyException if the file is no sound release, or the camera cannot draw
   *     the images that it wants
   */
  static DemoRelease ofDrawnImages(Path file) throws IOException {
    Release loaded = ReleaseFiles.load(file);
    ModelConfiguration c = loaded.configuration();
    if (c.channels() != 1
        || c.height() != c.width()
        || c.height() < LEAST_SIDE
        || c.height() > MOST_SIDE) {
      throw new MissingDependencyException(
          "the demo's camera draws grey squares of %d to %d pixels, the release is for %d×%d×%d (channels×height×width); show it real images with --camera"
              .formatted(LEAST_SIDE, MOST_SIDE, c.channels(), c.height(), c.width()));
    }
    return new DemoRelease(file, loaded);
  }

  /**
   * A release of real images.
   *
   * @param camera where the images lie
   * @throws MissingDependencyException if the file is no sound release, or one of other images
   */
  static DemoRelease ofRealImages(Path file, Path camera, ImageDataset images) throws IOException {
    Release loaded = ReleaseFiles.load(file);
    ModelConfiguration c = loaded.configuration();
    if (c.channels() != images.channels()
        || c.height() != images.height()
        || c.width() != images.width()) {
      throw new MissingDependencyException(
          "the release is for images of %d×%d×%d, those of %s have %d×%d×%d (channels×height×width); %s"
              .formatted(
                  c.channels(),
                  c.height(),
                  c.width(),
                  camera,
                  images.channels(),
                  images.height(),
                  images.width(),
                  howToFit(camera)));
    }
    return new DemoRelease(file, loaded);
  }

  private static String howToFit(Path camera) {
    return "fit one with 'surprisal fit --data %s --out my.safetensors' and repeat with '--release my.safetensors'"
        .formatted(camera);
  }
}
