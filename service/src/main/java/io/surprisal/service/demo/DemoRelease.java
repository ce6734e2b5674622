package io.surprisal.service.demo;

import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The release that the demo scores with; it suits what the camera shows.
 *
 * @param file where it lies
 */
record DemoRelease(Path file, Release release) {
  private static final Logger LOG = LoggerFactory.getLogger(DemoRelease.class);

  /** Images of which the release must take one. */
  private static final int LOOKED_AT = 16;

  private static final int LEAST_SIDE = 16;
  private static final int MOST_SIDE = 1024;

  /** The release that comes with Surprisal, of drawn images. */
  static Path shipped() {
    return Path.of(System.getProperty("surprisal.home", "."), "releases", "demo.safetensors");
  }

  /** What to say where real images have no release, and none is fitted on them here. */
  static MissingDependencyException none(Path camera) {
    return new MissingDependencyException(
        "the shipped release knows the demo's camera only, and of IDX and CIFAR files the demo fits none; "
            + howToFit(camera));
  }

  /** Rows and columns that the camera draws for it. */
  int side() {
    Preprocessing shape = release.preprocessing();
    return shape.height() * shape.reduction();
  }

  /** Whether it sees pictures by tiles. */
  boolean tiles() {
    return release.preprocessing().tiling().isPresent();
  }

  /**
   * A release of drawn images.
   *
   * @throws MissingDependencyException if the file is no sound release, or the camera cannot draw
   *     the images that it wants
   */
  static DemoRelease ofDrawnImages(Path file) throws IOException {
    DemoRelease loaded = new DemoRelease(file, ReleaseFiles.load(file));
    ModelConfiguration c = loaded.release().configuration();
    if (c.channels() != 1
        || c.height() != c.width()
        || loaded.side() < LEAST_SIDE
        || loaded.side() > MOST_SIDE) {
      throw new MissingDependencyException(
          "the demo's camera draws grey squares of %d to %d pixels, the release is for %d×%d×%d (channels×height×width); show it real images with --camera"
              .formatted(LEAST_SIDE, MOST_SIDE, c.channels(), c.height(), c.width()));
    }
    return loaded;
  }

  /**
   * A release of real images; says what becomes of them.
   *
   * @param camera where the images lie
   * @param images some of them; the release must take one
   * @throws MissingDependencyException if the file is no sound release, or one of other images
   */
  static DemoRelease ofRealImages(Path file, Path camera, ImageSource images) throws IOException {
    DemoRelease loaded = new DemoRelease(file, ReleaseFiles.load(file));
    Preprocessing shape = loaded.release().preprocessing();
    String reason = "";
    for (int i = 0; i < Math.min(LOOKED_AT, images.size()); i++) {
      try {
        PixelImage image = images.image(i);
        shape.apply(image);
        LOG.info("images: {}", shape.of(image.height(), image.width()));
        return loaded;
      } catch (ImageRejectedException | IllegalArgumentException e) {
        reason = reason.isEmpty() ? images.name(i) + ": " + e.getMessage() : reason;
      }
    }
    throw new MissingDependencyException(
        "the release takes none of the images looked at: " + reason + "; " + howToFit(camera));
  }

  private static String howToFit(Path camera) {
    return "fit one with 'surprisal fit --data %s --out my.safetensors' and repeat with '--release my.safetensors'"
        .formatted(camera);
  }
}
