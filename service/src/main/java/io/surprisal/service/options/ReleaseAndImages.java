package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --release} and {@code --data}, wherever a release is measured on images. */
public final class ReleaseAndImages {
  @Option(names = "--release", required = true, paramLabel = "FILE", description = "The release.")
  private Path release;

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description = "Images that did not train the release, nor calibrate it.")
  private List<Path> data;

  /** The file of the release. */
  public Path releaseFile() {
    return release;
  }

  /** The release, read and verified. */
  public Release release() throws IOException {
    return ReleaseFiles.load(release);
  }

  /** The images, as a release takes them. */
  public ImageDataset imagesFor(Release loaded) throws IOException {
    return Images.prepared(Images.open(data), loaded.preprocessing());
  }
}
