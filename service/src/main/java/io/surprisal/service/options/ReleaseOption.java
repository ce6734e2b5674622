package io.surprisal.service.options;

import io.surprisal.model.release.Release;
import io.surprisal.service.cli.MissingDependencyException;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --release}, where a command cannot do without. */
public final class ReleaseOption {
  @Option(names = "--release", required = true, paramLabel = "FILE", description = "The release.")
  private Path release;

  /** The file. */
  public Path file() {
    return release;
  }

  /**
   * The release, read and verified.
   *
   * @throws MissingDependencyException if the file is not a sound release
   */
  public Release load() throws IOException {
    return ReleaseFiles.load(release);
  }
}
