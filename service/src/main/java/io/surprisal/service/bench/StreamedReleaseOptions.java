package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.service.options.Images;
import io.surprisal.service.options.ReleaseFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --release} and {@code --data} of a benchmark that can do without both. */
final class StreamedReleaseOptions {
  @Option(
      names = "--release",
      paramLabel = "FILE",
      description = "The release of the stream that scores.")
  private Optional<Path> release = Optional.empty();

  @Option(
      names = "--data",
      arity = "1..*",
      paramLabel = "FILE|DIR",
      description = "Images to score.")
  private List<Path> data = new ArrayList<>();

  /** Whether the user named both. */
  boolean given() {
    return release.isPresent() && !data.isEmpty();
  }

  /** Whether the user named neither. */
  boolean absent() {
    return release.isEmpty() && data.isEmpty();
  }

  /** The release, read and verified, where it is {@link #given}. */
  Release release() throws IOException {
    return ReleaseFiles.load(release.orElseThrow());
  }

  /** The images, as the release takes them. */
  ImageDataset imagesFor(Release loaded) throws IOException {
    return Images.prepared(
        Images.open(data, loaded.preprocessing().interpretation()), loaded.preprocessing());
  }
}
